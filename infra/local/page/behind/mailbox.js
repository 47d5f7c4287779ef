// The panel with the mailbox: all sent emails, the newest first.

import { button, h } from "../dom.js";
import { outbox } from "../api.js";
import { t, timeOfDay } from "../words.js";
import { nothing } from "./panel.js";
import { fillIn } from "./phone.js";

/** Whether the user has opened or closed an email, by its number. */
const opened = new Map();

/** Draws the emails. */
export function mailbox() {
  if (!outbox.emails.length) return nothing("mailbox.none");
  return h("ul", { class: "emails" }, outbox.emails.map(email).reverse());
}

function email({ to, subject, text, at }, index) {
  const [code] = text.match(/^[0-9a-z]{4}-[0-9a-z]{4}$/m) ?? [];
  const newest = index === outbox.emails.length - 1;
  const onclick = ({ currentTarget: { parentElement: details } }) => opened.set(index, !details.open);
  return h("li", {}, h("details", { open: opened.get(index) ?? newest }, [
    h("summary", { onclick }, h("strong", {}, subject), h("span", { class: "meta" }, `${to} · ${timeOfDay(new Date(at))}`)),
    h("p", { class: "letter" }, text.trim()),
    code && button(t("phone.fill"), async () => fillIn(code), { "aria-label": t("mailbox.fill", { time: timeOfDay(new Date(at)) }) }),
  ]));
}
