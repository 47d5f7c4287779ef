// Setting up a second factor: an authenticator app, scanned or typed in, or a phone that is sent texts.

import { button, copy, drawing, h, say } from "../dom.js";
import { scan } from "../authenticator.js";
import { acting, codeField, field, form } from "../forms.js";
import { activated, logOut, withFactor } from "../flow.js";
import { ask, session } from "../session.js";
import { goTo } from "../window.js";
import { isSaid, t, timeOfDay } from "../words.js";
import { asOf, texting } from "./challenge.js";

/** Which kind is it to be? `why` it is asked, where it is not by choice; `back` is the way out. */
export function chooseMethod(methods, { back, why }) {
  const again = () => goTo(chooseMethod, methods, { back, why });
  return [
    h("h3", {}, t("enroll.title")),
    h("p", {}, t(why ?? "enroll.choose")),
    methods.includes("totp") && method("totp", () => beginApp(again)),
    methods.includes("sms") && method("sms", async () => goTo(phone, again)),
    h("p", {}, h("button", { type: "button", class: "link", onclick: back }, t(session.open ? "cancel" : "challenge.back"))),
  ];
}

function method(kind, act) {
  const { press, error } = acting(t(`enroll.${kind}.add`), act, { class: kind === "totp" ? "primary" : "" });
  return h("section", { class: "card" }, h("h4", {}, t(`kind.${kind}`)), h("p", {}, t(`enroll.${kind}.why`)), press, error);
}

/** Begins an authenticator app beside `others`, and shows its QR code. */
export async function beginApp(back, others = []) {
  const begun = await withFactor(() => ask("POST", "/v1/factors", { body: { kind: "totp", name: nameBeside(others) } }));
  goTo(app, begun.body, back);
}

/** A name that tells an app from the others: from the lost one, when that is to be removed. */
function nameBeside(others) {
  const taken = (name) => others.some((other) => other.name === name);
  if (!others.some(({ name }) => isSaid("kind.totp", name))) return t("kind.totp");
  let number = 2;
  while (taken(`${t("kind.totp")} ${number}`)) number += 1;
  return `${t("kind.totp")} ${number}`;
}

function app({ id, totp, expires_at: end }, back) {
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
      h("li", {}, form([code], t("enroll.activate"), () => activate(id, code.input.value))),
    ]),
    h("p", { class: "hint" }, t("enroll.until", { time: timeOfDay(new Date(end)) })),
    wayOut(back),
  ];
}

function pretend(totp) {
  scan(totp);
  say(t("enroll.totp.pretended"));
}

/** The way out: at a login, also to its beginning, where it goes on if it has taken too long. */
function wayOut(back) {
  const link = (text, go) => h("button", { type: "button", class: "link", onclick: go }, text);
  return h("p", { class: "actions" }, link(t("cancel"), back), !session.open && link(t("challenge.back"), logOut));
}

/** The number of a phone. */
export function phone(back) {
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
    // The API would call it by an English name.
    const body = { kind: "sms", phone: number.input.value, name: name.input.value.trim() || t("enroll.sms.default") };
    goTo(confirmPhone, (await withFactor(() => ask("POST", "/v1/factors", { body }))).body, back);
  };
  return [
    h("h3", {}, t("enroll.sms.title")),
    h("p", {}, t("enroll.sms.why")),
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
    form([code], t("enroll.activate"), () => activate(begun.id, code.input.value)),
    wayOut(back),
  ];
}

async function activate(id, code) {
  const { body } = await withFactor(() => ask("POST", `/v1/factors/${id}/activate`, { body: { code }, comesOnce: true }).catch(asOf("code")));
  await activated(body);
}
