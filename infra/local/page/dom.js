// Elements are made here, one by one, and never parsed from text: what a reply says can't become markup.

import { t } from "./words.js";

/** An element with its attributes (`onclick` and the like are listeners; what is false or missing is left out). */
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

/** A button that does something; while it does, it can't be pressed again. */
export function button(text, act, attributes = {}) {
  const element = h("button", { type: "button", ...attributes, onclick: () => once(element, act) }, text);
  return element;
}

/** Runs `act` unless it runs already. The button stays where it is for the keyboard: it is not disabled, but deaf. */
export async function once(element, act) {
  if (element.getAttribute("aria-disabled") === "true") return;
  element.setAttribute("aria-disabled", "true");
  try {
    await act();
  } finally {
    element.removeAttribute("aria-disabled");
  }
}

/** Calls `act` once the user does something elsewhere than on this element: after the press, so that nothing moves away under it. */
export function onceElsewhere(element, act) {
  const over = new AbortController();
  const look = ({ target }) => {
    if (target === element) return;
    over.abort();
    act();
  };
  for (const doing of ["click", "keyup"]) document.addEventListener(doing, look, { signal: over.signal });
}

/** What a drawing is made of; nothing else that a reply might have in it comes onto the page. */
const DRAWN = { svg: ["viewBox", "shape-rendering"], rect: ["x", "y", "width", "height", "fill"], path: ["d", "fill"] };

/** Something drawn by the API, as SVG, made again as elements: as an image's address it would be a secret in a URL. */
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
 * What is said, to who does not see the page and to who does: line after line, so that nothing said is lost to what is said
 * next. A line goes out of sight sooner than out of the log, for it takes longer to be spoken than to be read.
 */
export const said = h("div", { class: "said", role: "log" });
const UNTIL_SPOKEN = 10_000;

/** Says something; to who sees the page only where it does not also stay to be read, for it would stand before something else. */
export function say(text, { stays = false } = {}) {
  const line = h("p", stays ? { class: "unseen" } : {}, text);
  said.append(line);
  setTimeout(() => line.remove(), UNTIL_SPOKEN);
}

/** Moves the focus to where reading goes on. */
export function focusOn(element) {
  if (element && !element.matches("a, button, input, select, textarea, summary, [tabindex]")) element.setAttribute("tabindex", "-1");
  element?.focus({ preventScroll: false });
}

/** Copies, and says so; a browser may refuse it. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    return say(t("copied.not"));
  }
  say(t("copied"));
}

let last = 0;
/** An id that no other element has. */
export const unique = (name) => `${name}-${(last += 1)}`;
