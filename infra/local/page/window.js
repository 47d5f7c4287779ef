// The app's window, which shows one screen at a time. A screen is a function that returns elements. Its heading gets
// the focus.

import { h, focusOn } from "./dom.js";
import { carryNothing, carryOver } from "./forms.js";
import { language } from "./words.js";

const place = h("div", { class: "screen" });
let [current, screen] = [() => [], null];
/** Returns the bar above every screen, with the user and the menu. */
let above = () => null;
const bar = h("div", {});

/** Creates the window. `navigation` returns the bar above the screens, and is called for each screen. */
export function appWindow(title, navigation) {
  above = navigation;
  const lights = h("span", { class: "lights", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
  return h("div", { class: "window" }, h("div", { class: "titlebar" }, lights, h("span", {}, title)), bar, place);
}

/** Shows a screen. */
export function show(next, ...what) {
  [current, screen] = [() => next(...what), next];
  carryNothing();
  draw();
  focusOn(place.querySelector("h3"));
}

let turn = Symbol();
/** A value that changes whenever the user goes elsewhere. */
export const whereabouts = () => turn;

/** Goes to another screen. It abandons everything that is under way on the earlier screens. */
export function goTo(...next) {
  turn = Symbol();
  show(...next);
}

/** Whether the window shows this screen. */
export const showing = (one) => screen === one;

/** Draws a screen again, if the window shows it. */
export const refresh = (one) => showing(one) && show(one);

/** Draws the screen again in another language. Fields keep their values. */
export function translate() {
  carryOver([...place.children]);
  draw();
}

function draw() {
  drawAbove();
  place.replaceChildren(...current().flat(2).filter(Boolean));
}

const drawAbove = () => bar.replaceChildren(above() ?? "");

/** Shows a screen until it calls its argument, the first time. Then the earlier screen returns as it was. */
export function interrupt(between) {
  const [before, at, nodes, focused, tongue, here] = [current, screen, [...place.childNodes], document.activeElement, language(), turn];
  let over = false;
  return new Promise((resolve) => {
    const back = (result) => {
      if (over || turn !== here) return;
      over = true;
      [current, screen] = [before, at];
      carryNothing();
      if (language() === tongue) {
        place.replaceChildren(...nodes);
      } else {
        carryOver(nodes);
        draw();
      }
      drawAbove();
      focusOn(place.contains(focused) ? focused : place.querySelector("h3"));
      resolve(result);
    };
    show(between, back);
  });
}

/** Fills in a code, as a phone offers to. Returns whether the screen has a field for a code. */
export function fill(code) {
  const input = place.querySelector("[data-takes-code]");
  if (!input) return false;
  input.value = code;
  input.focus();
  return true;
}
