// Forms: labels, hints, and what is wrong beside the field that it is wrong with.

import { h, once, say, unique } from "./dom.js";
import { Problem } from "./api.js";
import { codeIn } from "./pasted.js";
import { explain } from "./problems.js";
import { t } from "./words.js";

const carried = new Map();
/** Has fields that are made from now on hold what those within these elements do, by their names. */
export function carryOver(elements) {
  for (const { name, type, value, checked } of elements.flatMap((element) => [...element.querySelectorAll("input, select")])) {
    if (type === "checkbox") carried.set(name, checked);
    else if (type !== "radio" || checked) carried.set(name, value);
  }
}
export const carryNothing = () => carried.clear();

/** What a field of this name is to hold, where something was carried over. */
export const carriedTo = (name) => carried.get(name);

/** A labelled input, with a hint where there is one. */
export function field(name, label, { hint, ...attributes } = {}) {
  const id = unique(name);
  const described = [hint && `${id}-hint`, `${id}-error`].filter(Boolean).join(" ");
  const input = h("input", { id, name, "aria-describedby": described, ...attributes });
  input.value = carriedTo(name) ?? input.value;
  const error = h("p", { id: `${id}-error`, class: "error", role: "alert" });
  const element = h(
    "div",
    { class: "field" },
    h("label", { for: id }, label),
    hint && h("p", { id: `${id}-hint`, class: "hint" }, hint),
    input,
    error,
  );
  return Object.assign(element, { input, error });
}

/** A box to tick. */
export function box(name, label, { hint, ...attributes } = {}) {
  const id = unique(name);
  const input = h("input", { type: "checkbox", id, name, "aria-describedby": hint && `${id}-hint`, ...attributes });
  input.checked = carriedTo(name) ?? input.checked;
  const text = h("span", {}, h("label", { for: id }, label), hint && h("span", { id: `${id}-hint`, class: "hint" }, hint));
  return Object.assign(h("div", { class: "box" }, input, text), { input });
}

/** A choice of one. */
export function choice(name, label, options, attributes = {}) {
  const id = unique(name);
  const input = h("select", { id, name, ...attributes }, options.map(([value, text]) => h("option", { value }, text)));
  input.value = carriedTo(name) ?? input.value;
  return Object.assign(h("div", { class: "field" }, h("label", { for: id }, label), input), { input });
}

/** The most that is typed into a code's field: six digits, and some space. */
const LONGEST = 16;

/** Six digits, from an app or a text: a phone may offer to fill them in. Of a whole text that is pasted they are taken. */
export function codeField(label = t("code.label"), attributes = {}) {
  const onpaste = (event) => {
    const pasted = event.clipboardData.getData("text");
    const code = codeIn(pasted);
    element.error.replaceChildren();
    // A short text is seen in the field as it is. Of a longer one the field would keep a part: six digits of something else.
    if (!code && pasted.length <= LONGEST) return;
    event.preventDefault();
    if (code) element.input.value = code;
    else element.error.replaceChildren(t("problem.invalid-request.code"));
  };
  const digits = { type: "text", inputmode: "numeric", autocomplete: "one-time-code", maxlength: LONGEST, class: "code" };
  const element = field("code", label, { ...digits, required: true, "data-takes-code": true, onpaste, ...attributes });
  return element;
}

/** A form of fields, and what sending it does. What is wrong is said beside `at`, the first field unless said. */
export function form(fields, submit, act, at = fields.find((element) => element.error)) {
  const error = at?.error ?? h("p", { class: "error", role: "alert" });
  const send = h("button", { type: "submit", class: "primary" }, submit);
  const run = () => attempt(act, error, at?.input ?? send);
  const onsubmit = (event) => {
    event.preventDefault();
    once(send, run);
  };
  return h("form", { novalidate: true, onsubmit }, fields, !at && error, h("div", { class: "actions" }, send));
}

/** Does something; a problem is said in `error`, and `input` has the focus. Returns whether it went well. */
export async function attempt(act, error, input) {
  error.replaceChildren();
  input?.removeAttribute("aria-invalid");
  try {
    await act();
    return true;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    error.replaceChildren(explain(problem));
    // Where the screen was drawn anew meanwhile, as in another language, its place is gone: it is said at the foot of the window.
    if (!error.isConnected) say(explain(problem));
    if (input?.matches("input")) input.setAttribute("aria-invalid", "true");
    input?.focus();
    return false;
  }
}

/** A place where it is said why a button's act came to nothing, and the button that acts. */
export function acting(text, act, attributes = {}) {
  const error = h("p", { class: "error", role: "alert" });
  const press = h("button", { type: "button", ...attributes, onclick: () => once(press, () => attempt(act, error, press)) }, text);
  return { press, error };
}
