// A panel: a heading, a word on what is seen in it, and what changes.

import { h } from "../dom.js";
import { watch } from "../api.js";
import { t } from "../words.js";

/** A panel that is drawn anew whenever there is more to see. */
export function panel(name, draw) {
  const [title, why, place] = [h("h3", { tabindex: "-1" }), h("p", { class: "hint" }), h("div", {})];
  const redraw = () => {
    title.replaceChildren(t(`${name}.panel`));
    why.replaceChildren(t(`${name}.why-panel`));
    place.replaceChildren(...[draw()].flat().filter(Boolean));
  };
  watch(redraw);
  redraw();
  return h("section", { class: `panel ${name}`, id: name }, title, why, place);
}

/** Nothing yet, in words. */
export const nothing = (key) => h("p", { class: "nothing" }, t(key));
