// Draws the page: the app in its window, and beside it the panels that show what happens behind the app.

import { button, focusOn, h, said, say } from "./dom.js";
import { fetchOutbox, outbox, tell, watch } from "./api.js";
import { advance, hear } from "./clock.js";
import { panel } from "./behind/panel.js";
import { assertion } from "./behind/assertion.js";
import { aws } from "./behind/aws.js";
import { http } from "./behind/http.js";
import { mailbox } from "./behind/mailbox.js";
import { phone } from "./behind/phone.js";
import { signIn } from "./app/signin.js";
import { navigation } from "./app/navigation.js";
import { appWindow, show, translate } from "./window.js";
import { dayAndTime, language, languages, speak, t, timeOfDay } from "./words.js";

const PANELS = { phone, mailbox, http, assertion, aws };
/** The panels in two columns: messages and HTTP calls, and beside them the assertion and the AWS calls. */
const COLUMNS = [["phone", "mailbox", "http"], ["assertion", "aws"]];
const STEPS = { half: 30, quarter: 900, day: 86_400, week: 604_800 };

let columns;

function page() {
  columns ??= COLUMNS.map((names) => h("div", { class: "column" }, names.map((name) => panel(name, PANELS[name]))));
  document.body.replaceChildren(
    jump("app", "skip", { class: "skip" }),
    h("header", {}, h("div", { class: "brand" }, h("h1", {}, "serverless-mfa"), h("p", {}, t("tagline"))), choiceOfLanguage(), clock()),
    h("nav", { class: "jump", "aria-label": t("jump") }, ["app", ...Object.keys(PANELS)].map((name) => jump(name, name === "app" ? "app.title" : `${name}.panel`))),
    h("main", {}, [
      h("section", { class: "app", id: "app", "aria-labelledby": "app-title" }, h("h2", { id: "app-title", tabindex: "-1" }, t("app.title")), appWindow(t("app.window"), navigation)),
      h("section", { class: "behind", "aria-labelledby": "behind-title" }, h("h2", { id: "behind-title" }, t("behind.title")), h("div", { class: "panels" }, columns)),
    ]),
    said,
  );
}

/** A button that goes to a part of the page and does not change the page's address. */
function jump(name, words, attributes) {
  const go = () => {
    const part = document.getElementById(name);
    part.scrollIntoView();
    focusOn(part.querySelector("h2, h3"));
  };
  return button(t(words), async () => go(), attributes);
}

function choiceOfLanguage() {
  const options = Object.entries(languages).map(([tag, name]) => h("option", { value: tag, lang: tag, selected: tag === language() }, name));
  const onchange = ({ target }) => {
    speak(target.value);
    page();
    tell();
    translate();
    document.querySelector("#language").focus();
  };
  return h("div", { class: "language" }, h("label", { for: "language" }, t("language")), h("select", { id: "language", onchange }, options));
}

function clock() {
  const shown = h("output", { "aria-live": "off" });
  const tick = () => shown.replaceChildren(`${dayAndTime(hear()).replace(/,?\s\d\d:\d\d$/, "")}, ${timeOfDay(hear())}`);
  tick();
  const timer = setInterval(() => (shown.isConnected ? tick() : clearInterval(timer)), 500);
  const move = (name) =>
    button(t(`clock.${name}`), async () => {
      try {
        await advance(STEPS[name]);
      } catch {
        return say(t("problem.unreachable"));
      }
      tick();
      tell();
      say(t("clock.now", { moment: dayAndTime(hear()) }));
    });
  return h("div", { class: "clock", role: "group", "aria-label": t("clock.title") }, h("span", {}, t("clock.title")), shown, Object.keys(STEPS).map(move));
}

const sent = () => outbox.texts.length + outbox.emails.length;
let heard;
/** Announces a new text or email, because the panels may be out of sight. */
function announce() {
  if (sent() > heard) say(t("outbox.new"));
  heard = sent();
}

speak(language());
// The stack may have run for a long time. Fetch its time, and the texts and emails that it has already sent.
await Promise.all([advance(0), fetchOutbox()]);
heard = sent();
page();
show(signIn);
// Keyboard users start at the top of the page.
Object.assign(document.body, { tabIndex: -1 }).focus();
document.body.blur();
document.body.removeAttribute("tabindex");
watch(announce);
// Another window may have moved the clock or caused a text or an email.
window.addEventListener("focus", () => Promise.all([advance(0), fetchOutbox()]).then(tell, () => {}));
