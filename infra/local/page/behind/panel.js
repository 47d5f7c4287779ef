// A panel: a heading, an explanation, and content that changes.

import { h } from "../dom.js";
import { watch } from "../api.js";
import { t } from "../words.js";

/** A panel that is drawn again whenever there is new data. */
export function panel(name, draw) {
  const [title, why, place] = [h("h3", { tabindex: "-1" }), h("p", { class: "hint" }), h("div", {})];
  const within = () => [...place.querySelectorAll("summary, button, pre")];
  const redraw = () => {
    // New items come first, so the focused element keeps its distance from the end.
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

/** A text that says that there is nothing yet. */
export const nothing = (key) => h("p", { class: "nothing" }, t(key));
