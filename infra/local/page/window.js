// The app's window: one screen at a time. A screen is a function that returns elements; its heading gets the focus.

import { h, focusOn } from "./dom.js";
import { carryNothing, carryOver } from "./forms.js";
import { language } from "./words.js";

const place = h("div", { class: "screen" });
let [current, screen] = [() => [], null];
/** What stands above every screen: whose session it is, and where else to go. */
let above = () => null;
const bar = h("div", {});

/** The window. What is to stand above its screens is asked for anew with each. */
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
/** What changes when the user goes elsewhere. */
export const whereabouts = () => turn;

/** Goes where the user asks to: what was under way on the screens before is left behind. */
export function goTo(...next) {
  turn = Symbol();
  show(...next);
}

/** Whether it is this screen that is shown. */
export const showing = (one) => screen === one;

/** Shows what has changed on a screen, where it is the one that is shown. */
export const refresh = (one) => showing(one) && show(one);

/** Shows the screen anew in another language; what was typed and chosen stays. */
export function translate() {
  carryOver([...place.children]);
  draw();
}

function draw() {
  drawAbove();
  place.replaceChildren(...current().flat(2).filter(Boolean));
}

const drawAbove = () => bar.replaceChildren(above() ?? "");

/** Shows a screen in between, until it calls what it is given, once; then what was there is there again. */
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

/** Types a code where one is asked for, as a phone offers to. Returns whether one is. */
export function fill(code) {
  const input = place.querySelector("[data-takes-code]");
  if (!input) return false;
  input.value = code;
  input.focus();
  return true;
}
