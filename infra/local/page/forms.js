// Forms: fields with labels and hints, and errors beside the fields.

import { h, once, say, unique } from "./dom.js";
import { Problem } from "./api.js";
import { codeIn } from "./pasted.js";
import { explain } from "./problems.js";
import { t } from "./words.js";

const carried = new Map();
/** Stores the values of the fields in these elements by name. New fields of the same names start with these values. */
export function carryOver(elements) {
  for (const { name, type, value, checked } of elements.flatMap((element) => [...element.querySelectorAll("input, select")])) {
    if (type === "checkbox") carried.set(name, checked);
    else if (type !== "radio" || checked) carried.set(name, value);
  }
}
export const carryNothing = () => carried.clear();

/** The stored value for a field of this name, if there is one. */
export const carriedTo = (name) => carried.get(name);

/** An input with a label, an optional hint, and a place for an error. */
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

/** A checkbox. */
export function box(name, label, { hint, ...attributes } = {}) {
  const id = unique(name);
  const input = h("input", { type: "checkbox", id, name, "aria-describedby": hint && `${id}-hint`, ...attributes });
  input.checked = carriedTo(name) ?? input.checked;
  const text = h("span", {}, h("label", { for: id }, label), hint && h("span", { id: `${id}-hint`, class: "hint" }, hint));
  return Object.assign(h("div", { class: "box" }, input, text), { input });
}

/** A select field. */
export function choice(name, label, options, attributes = {}) {
  const id = unique(name);
  const input = h("select", { id, name, ...attributes }, options.map(([value, text]) => h("option", { value }, text)));
  input.value = carriedTo(name) ?? input.value;
  return Object.assign(h("div", { class: "field" }, h("label", { for: id }, label), input), { input });
}

/** The most characters in a code's field: six digits, and some spaces. */
const LONGEST = 16;

/** A field for a code from an app or a text. A phone may offer to fill it in. From a pasted text, it takes the code. */
export function codeField(label = t("code.label"), attributes = {}) {
  const onpaste = (event) => {
    const pasted = event.clipboardData.getData("text");
    const code = codeIn(pasted);
    element.error.replaceChildren();
    // A short text appears in the field as it is. The field would cut off a longer one, perhaps to six wrong digits.
    if (!code && pasted.length <= LONGEST) return;
    event.preventDefault();
    if (code) element.input.value = code;
    else element.error.replaceChildren(t("problem.invalid-request.code"));
  };
  const digits = { type: "text", inputmode: "numeric", autocomplete: "one-time-code", maxlength: LONGEST, class: "code" };
  const element = field("code", label, { ...digits, required: true, "data-takes-code": true, onpaste, ...attributes });
  return element;
}

/** A form that runs `act` on submit. Errors appear beside `at`, by default the first field with a place for them. */
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

/** Runs `act`. On a `Problem`, shows it in `error` and focuses `input`. Returns whether `act` succeeded. */
export async function attempt(act, error, input) {
  error.replaceChildren();
  input?.removeAttribute("aria-invalid");
  try {
    await act();
    return true;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    error.replaceChildren(explain(problem));
    // If the screen was drawn in another language meanwhile, `error` is gone. So announce the problem.
    if (!error.isConnected) say(explain(problem));
    if (input?.matches("input")) input.setAttribute("aria-invalid", "true");
    input?.focus();
    return false;
  }
}

/** A button that runs `act`, and a place for its error. */
export function acting(text, act, attributes = {}) {
  const error = h("p", { class: "error", role: "alert" });
  const press = h("button", { type: "button", ...attributes, onclick: () => once(press, () => attempt(act, error, press)) }, text);
  return { press, error };
}
