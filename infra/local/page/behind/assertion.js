// The panel with the last assertion, and the results of the backend's checks.

import { h } from "../dom.js";
import { latest } from "../backend.js";
import { t, timeOfDay } from "../words.js";
import { json } from "./http.js";
import { nothing } from "./panel.js";

let open = false;

/** Draws the assertion that was checked last. */
export function assertion() {
  if (!latest.claims) return nothing("assertion.none");
  const { header, claims, checks, good } = latest;
  return [
    h("p", { class: good ? "state on" : "state off" }, t(good ? "assertion.good" : "assertion.bad")),
    h("ul", { class: "checks" }, checks.map(check)),
    h("p", { class: "hint" }, t("assertion.until", { time: timeOfDay(new Date(claims.exp * 1000)) })),
    h("details", { open, ontoggle: ({ target }) => (open = target.open) }, [
      h("summary", {}, t("assertion.decoded")),
      json(t("assertion.header"), header),
      json(t("assertion.claims"), claims),
    ]),
  ];
}

const check = ({ name, ok }) =>
  h("li", { class: ok ? "ok" : "no" }, [
    h("span", { class: "mark", "aria-hidden": "true" }, ok ? "✓" : "✗"),
    h("span", {}, h("code", {}, name), " ", h("span", {}, t(`check.${name}`)), h("span", { class: "unseen" }, ` ${t(ok ? "check.holds" : "check.fails")}`)),
  ]);
