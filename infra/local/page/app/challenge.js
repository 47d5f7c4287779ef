// The second step of a login, or of a change of settings: a code, by the way that the user has at hand.

import { h, say } from "../dom.js";
import { ask } from "../session.js";
import { acting, codeField, field, form } from "../forms.js";
import { again } from "../problems.js";
import { show } from "../window.js";
import { t, timeOfDay } from "../words.js";
import { hear } from "../clock.js";

/**
 * Asks for a code. `login` says with what; `proven` gets what a right code brings; `back` is the way out; `again` where
 * the session is open already; `forbidden` where the workspace takes what the user has for setting up another only.
 */
export function challenge(login, ways, way = login.factors[0]) {
  const redraw = (other) => show(challenge, login, ways, other);
  const body = way === "recovery" ? recoveryCode(ways) : way === "email" ? emailedCode(login, ways) : factor(way, login, ways);
  return [
    h("h3", {}, t(ways.again ? "challenge.again" : "challenge.title")),
    h("p", {}, t(ways.forbidden ? "challenge.forbidden" : ways.again ? "challenge.why-again" : "challenge.why")),
    body,
    otherWays(login, way, redraw),
    h("p", {}, h("button", { type: "button", class: "link", onclick: () => ways.back() }, t(ways.again ? "cancel" : "challenge.back"))),
  ];
}

function otherWays(login, way, redraw) {
  const link = (text, other) => h("li", {}, h("button", { type: "button", class: "link", onclick: () => redraw(other) }, text));
  const factors = login.factors.filter((factor) => factor !== way).map((factor) => link(named(factor), factor));
  const ways = [...factors];
  if (way !== "recovery") ways.push(link(t("challenge.use-recovery"), "recovery"));
  if (way !== "email" && login.recovery.email_hint) ways.push(link(t("challenge.use-email"), "email"));
  return h("div", { class: "ways" }, h("h4", {}, t("challenge.other")), h("ul", {}, ways));
}

/** A factor as its user knows it. */
const named = ({ kind, name, phone_hint: hint }) =>
  kind === "sms" ? t("challenge.way-sms", { name, hint }) : t("challenge.way-totp", { name });

function factor(factor, login, ways) {
  const verify = async (code) => ways.proven((await ask("POST", `/v1/factors/${factor.id}/verify`, { body: { code } })).body);
  const wait = login.retry_after && h("p", { class: "note" }, again(hear() + login.retry_after * 1000));
  const input = codeField();
  const check = form([input], t("challenge.check"), () => verify(input.input.value));
  if (factor.kind === "sms") return [wait, ...texting(factor, factor.phone_hint, input.input), check];
  return [wait, h("p", { class: "hint" }, t("challenge.open-app", { name: factor.name })), check];
}

/** A button that has a code texted, and what it says when that is done. */
export function texting(factor, hint, next) {
  const told = h("p", { class: "note" });
  const { press, error } = acting(t("text.send", { hint }), async () => {
    told.replaceChildren();
    const { resend_after: wait, expires_at: end } = (await ask("POST", `/v1/factors/${factor.id}/texts`)).body;
    note(told, t("text.sent", { hint, until: timeOfDay(new Date(end)), again: timeOfDay(hear() + wait * 1000) }));
    press.replaceChildren(t("text.again"));
    next.focus();
  });
  return [h("div", { class: "actions" }, press), error, told];
}

/** Says something that also stays to be read. */
function note(place, text) {
  place.replaceChildren(text);
  say(text, { stays: true });
}

function recoveryCode(ways) {
  const input = field("recovery", t("recovery.label"), { hint: t("recovery.hint"), ...loose });
  return form([input], t("challenge.check"), () => redeem(input.input.value, ways));
}

function emailedCode(login, ways) {
  const input = field("emailed", t("email.label"), { hint: t("email.hint"), "data-takes-code": true, ...loose });
  const told = h("p", { class: "note" });
  const hint = login.recovery.email_hint;
  const { press, error } = acting(t("email.send", { hint }), async () => {
    told.replaceChildren();
    const { to_hint: to, resend_after: wait, expires_at: end } = (await ask("POST", "/v1/recovery/emails")).body;
    note(told, t("email.sent", { hint: to, until: timeOfDay(new Date(end)), again: timeOfDay(hear() + wait * 1000) }));
    press.replaceChildren(t("email.again"));
    input.input.focus();
  });
  const check = form([input], t("challenge.check"), () => redeem(input.input.value, ways));
  return [h("div", { class: "actions" }, press), error, told, check];
}

/** Codes of letters and digits, typed from paper: nothing is to be corrected or kept. */
const loose = { type: "text", autocomplete: "off", autocapitalize: "none", autocorrect: "off", spellcheck: "false", maxlength: 64, class: "code" };

async function redeem(code, ways) {
  const redeeming = ask("POST", "/v1/recovery/verify", { body: { code } });
  // The API tells by one name of locked factors and of locked recovery codes; the way out is another.
  const { body } = await redeeming.catch((problem) => {
    throw Object.assign(problem, { reason: "recovery" });
  });
  say(t("recovery.left", { count: body.recovery.codes_left }));
  await ways.proven(body);
}
