// The panel with the simulated phone: its authenticator app and its texts.

import { button, focusOn, h, say } from "../dom.js";
import { outbox } from "../api.js";
import { accounts, code, left, lose } from "../authenticator.js";
import { fill } from "../window.js";
import { t, timeOfDay } from "../words.js";
import { nothing } from "./panel.js";

let lost = 0;

/** Draws the phone. */
export function phone() {
  const texts = outbox.texts.slice(lost).reverse();
  return [
    h("div", { class: "handset" }, [
      h("h4", {}, t("phone.authenticator")),
      accounts.length ? h("ul", { class: "accounts" }, accounts.map(account)) : nothing("phone.no-accounts"),
      h("h4", {}, t("phone.messages")),
      texts.length ? h("ul", { class: "texts" }, texts.map(text)) : nothing("phone.no-texts"),
    ]),
    h("div", { class: "actions" }, button(t("phone.lose"), async () => loseIt(), { class: "danger" })),
  ];
}

function account({ secret, name }) {
  const shown = h("output", { class: "digits", "aria-live": "off" });
  const ring = h("progress", { max: 30, "aria-label": t("phone.left") });
  const use = button(t("phone.fill"), async () => fillIn(await code(secret)), { "aria-label": t("phone.fill-named", { name }) });
  const item = h("li", {}, h("span", { class: "who" }, name), shown, use, ring);
  const tick = async () => {
    const digits = await code(secret);
    shown.replaceChildren(`${digits.slice(0, 3)} ${digits.slice(3)}`);
    ring.value = left() / 1000;
  };
  tick();
  const timer = setInterval(() => (item.isConnected ? tick() : clearInterval(timer)), 500);
  return item;
}

function text({ to, body, at }) {
  const [, digits] = body.match(/#(\d{6})$/) ?? [];
  return h("li", {}, [
    h("p", { class: "meta" }, `${to} · ${timeOfDay(new Date(at))}`),
    h("p", { class: "bubble" }, body),
    digits && button(t("phone.fill"), async () => fillIn(digits), { "aria-label": t("phone.fill-text", { time: timeOfDay(new Date(at)) }) }),
  ]);
}

/** Fills a code into the app's window, as a phone's keyboard offers to. */
export function fillIn(digits) {
  if (!fill(digits)) say(t("phone.nothing-asked"));
}

function loseIt() {
  lost = outbox.texts.length;
  lose();
  focusOn(document.querySelector("#phone h3"));
  say(t("phone.lost"));
}
