// The screens that enroll a factor: an authenticator app or a phone.

import { button, copy, drawing, h, say } from "../dom.js";
import { scan } from "../authenticator.js";
import { acting, codeField, field, form } from "../forms.js";
import { activated, logOut, withFactor } from "../flow.js";
import { ask, session } from "../session.js";
import { goTo } from "../window.js";
import { isSaid, t, timeOfDay } from "../words.js";
import { asOf, askWithCode, texting } from "./challenge.js";

/** Asks for the kind of factor. `why` is the text if a workspace requires one. `back` is the way out. */
export function chooseMethod(methods, { back, why }) {
  const again = () => goTo(chooseMethod, methods, { back, why });
  return [
    h("h3", {}, t("enroll.title")),
    h("p", {}, t(why ?? "enroll.choose")),
    methods.includes("totp") && method("totp", () => beginApp(again)),
    methods.includes("sms") && method("sms", async () => goTo(phone, again, () => beginApp(again))),
    h("p", {}, h("button", { type: "button", class: "link", onclick: back }, t(session.open ? "cancel" : "challenge.back"))),
  ];
}

function method(kind, act) {
  const { press, error } = acting(t(`enroll.${kind}.add`), act, { class: kind === "totp" ? "primary" : "" });
  return h("section", { class: "card" }, h("h4", {}, t(`kind.${kind}`)), h("p", {}, t(`enroll.${kind}.why`)), press, error);
}

/** Begins an authenticator app, and shows its QR code. `others` are the user's other apps. */
export async function beginApp(back, others = []) {
  const begun = await withFactor(() => ask("POST", "/v1/factors", { body: { kind: "totp", name: nameBeside(others) } }), { recovery: true });
  goTo(app, begun.body, back);
}

/** A name that no other app has, so that the user can tell a lost app from the new one. */
function nameBeside(others) {
  const taken = (name) => others.some((other) => other.name === name);
  if (!others.some(({ name }) => isSaid("kind.totp", name))) return t("kind.totp");
  let number = 2;
  while (taken(`${t("kind.totp")} ${number}`)) number += 1;
  return `${t("kind.totp")} ${number}`;
}

function app(begun, back) {
  const { totp, expires_at: end } = begun;
  const code = codeField();
  const grouped = totp.secret.match(/.{4}/g).join(" ");
  return [
    h("h3", {}, t("enroll.totp.title")),
    h("ol", { class: "steps" }, [
      h("li", {}, h("p", {}, t("enroll.totp.scan")), h("div", { class: "qr" }, drawing(totp.qr_svg, t("enroll.totp.qr"))), [
        h("details", {}, h("summary", {}, t("enroll.totp.type")), [
          h("p", {}, t("enroll.totp.key")),
          h("p", {}, h("code", { class: "secret" }, grouped)),
          button(t("copy"), () => copy(totp.secret)),
        ]),
        h("p", { class: "pretend" }, button(t("enroll.totp.pretend"), () => pretend(totp))),
      ]),
      h("li", {}, form([code], t("enroll.activate"), () => activate(begun, code.input.value))),
    ]),
    h("p", { class: "hint" }, t("enroll.until", { time: timeOfDay(new Date(end)) })),
    wayOut(back),
  ];
}

function pretend(totp) {
  scan(totp);
  say(t("enroll.totp.pretended"));
}

/** The buttons that leave the screen. At a login, one starts the login over, such as when it has expired. */
function wayOut(back) {
  const link = (text, go) => h("button", { type: "button", class: "link", onclick: go }, text);
  return h("p", { class: "actions" }, link(t("cancel"), back), !session.open && link(t("challenge.back"), logOut));
}

/** Offers an authenticator app to a user who has or adds a phone. */
export function appOffer(begin) {
  const { press, error } = acting(t("enroll.sms.offer"), begin);
  return [h("div", { class: "actions" }, press), error];
}

/**
 * Asks for the number of a phone. It first shows the risks of texts, and offers an authenticator app by `beginInstead`.
 * NIST requires both for a restricted authenticator (SP 800-63B-4).
 */
export function phone(back, beginInstead) {
  const number = field("phone", t("enroll.sms.number"), {
    hint: t("enroll.sms.hint"),
    type: "tel",
    inputmode: "tel",
    autocomplete: "tel",
    value: session.who.phone,
    maxlength: 40,
    required: true,
  });
  const name = field("name", t("enroll.name"), { type: "text", maxlength: 64, autocomplete: "off" });
  const begin = async () => {
    // The API's default name is English.
    const body = { kind: "sms", phone: number.input.value, name: name.input.value.trim() || t("enroll.sms.default") };
    goTo(confirmPhone, (await withFactor(() => ask("POST", "/v1/factors", { body }), { recovery: true })).body, back);
  };
  return [
    h("h3", {}, t("enroll.sms.title")),
    h("p", {}, t("enroll.sms.why")),
    h("section", { class: "card quiet" }, [
      h("h4", {}, t("enroll.sms.limits")),
      h("ul", {}, ["number", "messages", "page"].map((one) => h("li", {}, t(`enroll.sms.limit.${one}`)))),
      ...appOffer(beginInstead),
    ]),
    form([number, name], t("enroll.sms.begin"), begin),
    wayOut(back),
  ];
}

function confirmPhone(begun, back) {
  const code = codeField();
  return [
    h("h3", {}, t("enroll.sms.confirm")),
    h("p", {}, t("enroll.sms.text-first")),
    ...texting(begun, begun.sms.phone_hint, code.input),
    form([code], t("enroll.activate"), () => activate(begun, code.input.value)),
    wayOut(back),
  ];
}

async function activate(begun, code) {
  const ask = () => askWithCode(`/v1/factors/${begun.id}/activate`, code, begun, { comesOnce: true }).catch(asOf("code"));
  const { body } = await withFactor(ask, { recovery: true });
  await activated(body);
}
