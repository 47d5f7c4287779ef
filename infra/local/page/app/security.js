// The screen with the user's own settings of two-step verification: apps, phones and recovery codes.

import { h, once, onceElsewhere, say } from "../dom.js";
import { hear } from "../clock.js";
import { acting, attempt, field, form } from "../forms.js";
import { withFactor, withPassword } from "../flow.js";
import { ask, adopt, session } from "../session.js";
import { goTo, refresh } from "../window.js";
import { day, dayAndTime, t, timeOfDay } from "../words.js";
import { codes } from "./codes.js";
import { appOffer, beginApp, phone } from "./enroll.js";

/** How long a factor that was begun with an emailed code can't change what protects the account, in milliseconds. */
const WAIT = 86_400_000;

/** The screen. It fetches the factors each time that it is drawn. */
export function security() {
  const place = h("div", { "aria-busy": "true" }, h("p", { class: "hint" }, t("loading")));
  const error = h("p", { class: "error", role: "alert" });
  const [recovered] = session.claims?.amr.filter((method) => method === "recovery" || method === "email") ?? [];
  if (!session.who.sso) attempt(() => load(place), error).then((done) => done || place.remove());
  return [
    h("h3", {}, t("security.title")),
    recovered && h("p", { class: "note" }, t(`security.recovered.${recovered}`)),
    error,
    session.who.sso ? h("p", { class: "note" }, t("problem.sso-user")) : place,
    h("section", { class: "card quiet" }, h("h4", {}, t("security.hints")), h("ul", {}, ["password", "mailbox", "codes"].map((one) => h("li", {}, t(`security.hint.${one}`))))),
  ];
}

async function load(place) {
  const { factors, recovery } = (await ask("GET", "/v1/factors")).body;
  const active = factors.filter(({ status }) => status === "active");
  const of = (kind) => active.filter((factor) => factor.kind === kind);
  const back = () => goTo(security);
  const last = active.length === 1;
  const app = () => beginApp(back, of("totp"));
  const add = (begin) => () => (active.length ? begin() : withPassword(begin));
  place.removeAttribute("aria-busy");
  place.replaceChildren(
    h("p", { class: active.length ? "state on" : "state off" }, t(active.length ? "security.on" : "security.off")),
    kind("totp", of("totp"), last, add(app)),
    kind("sms", of("sms"), last, add(async () => goTo(phone, back, app)), of("totp").length ? null : app),
    active.length ? recoveryCodes(recovery) : "",
  );
}

/** The factors of a kind. If the user has none of a better kind, `better` begins one. */
function kind(name, factors, last, add, better) {
  const { press, error } = acting(t(`enroll.${name}.add`), add);
  return h("section", { class: "card" }, [
    h("h4", {}, t(`kind.${name}`)),
    h("p", { class: "hint" }, t(`enroll.${name}.why`)),
    factors.length > 0 && h("ul", { class: "factors" }, factors.map((factor) => one(factor, last))),
    ...(factors.length > 0 && better ? [h("p", { class: "note" }, t("security.only-texts")), ...appOffer(better)] : []),
    h("div", { class: "actions" }, press),
    error,
  ]);
}

function one(factor, last) {
  const { id, name, phone_hint: hint, created_at: created, last_used_at: used, enrolled_by: by, factor_since: since } = factor;
  const ready = new Date(since).getTime() + WAIT;
  const error = h("p", { class: "error", role: "alert" });
  const item = h("li", {});
  const known = hint ? `${name} ${hint}` : name;
  const { remove, warning } = removing(known, last, () => attempt(() => removed(id, name), error, remove));
  const rename = h("button", { type: "button", "aria-label": t("factor.rename-named", { name: known }), onclick: () => renaming(item, factor) }, t("factor.rename"));
  const dates = [t("factor.added", { day: day(new Date(created)) }), used && t("factor.used", { day: day(new Date(used)), time: timeOfDay(new Date(used)) })];
  item.append(
    h("div", {}, h("strong", {}, name), hint && h("span", { class: "phone-hint" }, ` ${hint}`), h("p", { class: "hint" }, dates.filter(Boolean).join(" · ")), by === "email" && hear() < ready && h("p", { class: "hint" }, t("factor.by-email", { moment: dayAndTime(ready) }))),
    h("div", { class: "actions" }, rename, remove),
    warning,
    error,
  );
  return item;
}

/**
 * A button that removes a factor on the second click. The first click asks, and a click or a key elsewhere cancels. The
 * question is short, so that the button stays under the pointer.
 */
function removing(name, last, act) {
  const warning = h("p", { class: "note" });
  const remove = h("button", { type: "button", class: "danger" });
  let asked = false;
  const ask = (whether) => {
    asked = whether;
    remove.replaceChildren(t(asked ? "factor.remove-really" : "factor.remove"));
    remove.setAttribute("aria-label", t(asked ? "factor.remove-really-named" : "factor.remove-named", { name }));
    warning.replaceChildren(asked && last ? t("factor.remove-last") : "");
  };
  remove.addEventListener("click", ({ detail: times }) => {
    // A user who double-clicks by habit has not read the question.
    if (times > 1) return;
    if (asked) once(remove, act);
    ask(!asked);
    if (!asked) return;
    onceElsewhere(remove, () => ask(false));
    // Some browsers do not focus a button that is clicked.
    remove.focus();
    say([remove.getAttribute("aria-label"), warning.textContent].join(" ").trim(), { stays: true });
  });
  // A user who holds the key down has not read it either.
  remove.addEventListener("keydown", (event) => event.repeat && event.key === "Enter" && event.preventDefault());
  ask(false);
  return { remove, warning };
}

function renaming(item, { id, name }) {
  const input = field(`name-${id}`, t("factor.name"), { type: "text", value: name, maxlength: 64, autocomplete: "off" });
  const save = async () => {
    await withFactor(() => ask("PATCH", `/v1/factors/${id}`, { body: { name: input.input.value } }));
    say(t("factor.renamed"));
    refresh(security);
  };
  item.replaceChildren(form([input], t("save"), save), h("button", { type: "button", class: "link", onclick: () => goTo(security) }, t("cancel")));
  input.input.select();
}

async function removed(id, name) {
  const { body } = await withFactor(() => ask("DELETE", `/v1/factors/${id}`));
  await adopt(body.assertion);
  say(t("factor.removed", { name }));
  refresh(security);
}

function recoveryCodes({ codes_left: count, low }) {
  const make = async () => {
    const { body } = await withFactor(() => ask("POST", "/v1/recovery/codes", { comesOnce: true }));
    goTo(codes, body.recovery_codes, () => goTo(security));
  };
  const { press, error } = acting(t("codes.new"), make);
  return h("section", { class: "card" }, [
    h("h4", {}, t("codes.heading")),
    h("p", {}, t("codes.left", { count })),
    low && h("p", { class: "note" }, t("codes.low")),
    h("div", { class: "actions" }, press),
    h("p", { class: "hint" }, t("codes.new-hint")),
    error,
  ]);
}
