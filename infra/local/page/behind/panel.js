// A panel: a heading, a word on what is seen in it, and what changes.

import { h } from "../dom.js";
import { watch } from "../api.js";
import { t } from "../words.js";

/** A panel that is drawn anew whenever there is more to see. */
export function panel(name, draw) {
  const [title, why, place] = [h("h3", { tabindex: "-1" }), h("p", { class: "hint" }), h("div", {})];
  const within = () => [...place.querySelectorAll("summary, button, pre")];
  const redraw = () => {
    // The newest is first: what has the focus is as far from the last as it was.
    const [focused, before] = [within().indexOf(document.activeElement), within().length];
    title.replaceChildren(t(`${name}.panel`));
    why.replaceChildren(t(`${name}.why-panel`));
    place.replaceChildren(...[draw()].flat().filter(Boolean));
    if (focused >= 0) within().at(focused - before)?.focus({ preventScroll: true });
  };
  watch(redraw);
  redraw();
  return h("section", { class: `panel ${name}`, id: name }, title, why, place);
}

/** Nothing yet, in words. */
export const nothing = (key) => h("p", { class: "nothing" }, t(key));
