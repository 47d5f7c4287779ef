// Creates elements one by one. It never parses text as HTML, so that text in a reply can't become markup.

import { t } from "./words.js";

/** Creates an element. Attributes such as `onclick` are listeners. False attributes and children are left out. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === undefined || value === null) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(2).filter((child) => child !== false && child !== undefined && child !== null));
  return element;
}

/** A button that runs `act`. It ignores clicks while `act` runs. */
export function button(text, act, attributes = {}) {
  const element = h("button", { type: "button", ...attributes, onclick: () => once(element, act) }, text);
  return element;
}

/** Runs `act` unless it is already running. The button is not disabled, so that it keeps the keyboard's focus. */
export async function once(element, act) {
  if (element.getAttribute("aria-disabled") === "true") return;
  element.setAttribute("aria-disabled", "true");
  try {
    await act();
  } finally {
    element.removeAttribute("aria-disabled");
  }
}

/** Calls `act` once, after the user has clicked or released a key on another element, so that nothing moves before. */
export function onceElsewhere(element, act) {
  const over = new AbortController();
  const look = ({ target }) => {
    if (target === element) return;
    over.abort();
    act();
  };
  for (const doing of ["click", "keyup"]) document.addEventListener(doing, look, { signal: over.signal });
}

/** The elements and attributes of a drawing. All others in a reply are dropped. */
const DRAWN = { svg: ["viewBox", "shape-rendering"], rect: ["x", "y", "width", "height", "fill"], path: ["d", "fill"] };

/** Builds the API's SVG from new elements. In the address of an image, its secret would be in a URL. */
export function drawing(svg, label) {
  const parts = [...svg.matchAll(/<(svg|rect|path) ([^<>]*)>/g)].map(([, name, text]) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [, key, value] of text.matchAll(/([\w-]+)="([^"]*)"/g)) if (DRAWN[name].includes(key)) element.setAttribute(key, value);
    return element;
  });
  const [element, ...shapes] = parts;
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", label);
  element.append(...shapes);
  return element;
}

/**
 * The announcements, for screen readers and on the screen. Each is a line of its own, so that the next one does not
 * replace it. A line disappears from the screen before it leaves the log, because speaking takes longer than reading.
 */
export const said = h("div", { class: "said", role: "log" });
const UNTIL_SPOKEN = 10_000;

/** Announces a text. If it also `stays` on the page, only screen readers get it: a line could cover something. */
export function say(text, { stays = false } = {}) {
  const line = h("p", stays ? { class: "unseen" } : {}, text);
  said.append(line);
  setTimeout(() => line.remove(), UNTIL_SPOKEN);
}

/** Moves the focus to an element. */
export function focusOn(element) {
  if (element && !element.matches("a, button, input, select, textarea, summary, [tabindex]")) element.setAttribute("tabindex", "-1");
  element?.focus({ preventScroll: false });
}

/** Copies a text, and announces whether the browser allowed it. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    return say(t("copied.not"));
  }
  say(t("copied"));
}

let last = 0;
/** A unique id for an element. */
export const unique = (name) => `${name}-${(last += 1)}`;
