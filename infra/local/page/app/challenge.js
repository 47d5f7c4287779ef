// The second step of a login, or of a change of settings: a code, by the way that the user has at hand.

import { h, say } from "../dom.js";
import { ask, askForCode, session } from "../session.js";
import { acting, codeField, field, form } from "../forms.js";
import { again } from "../problems.js";
import { show } from "../window.js";
import { isSaid, t, timeOfDay } from "../words.js";
import { hear } from "../clock.js";

/**
 * Asks for a code. `login` says with what; `proven` gets what a right code brings; `back` is the way out; `again` where
 * the session is open already, and `recovery` where a recovery code is enough then; `forbidden` where the workspace takes what
 * the user has for setting up another only.
 */
export function challenge(login, ways, way = login.factors[0] ?? "recovery") {
  const redraw = (other) => show(challenge, login, ways, other);
  const body = way === "recovery" ? recoveryCode(ways) : way === "email" ? emailedCode(login, ways) : factor(way, login, ways);
  return [
    h("h3", {}, t(ways.again ? "challenge.again" : "challenge.title")),
    h("p", {}, why(login, ways)),
    body,
    otherWays(login, ways, way, redraw),
    h("p", {}, h("button", { type: "button", class: "link", onclick: () => ways.back() }, t(ways.again ? "cancel" : "challenge.back"))),
  ];
}

/** Why a code is asked for, in words. */
function why({ factors }, { again, recovery, forbidden }) {
  if (forbidden) return t(factors.length ? "challenge.forbidden" : "challenge.forbidden-emailed");
  if (!again) return t("challenge.why");
  return t(recovery ? "challenge.why-again" : "challenge.why-factor");
}

function otherWays(login, { again, recovery }, way, redraw) {
  const link = (text, other) => h("li", {}, h("button", { type: "button", class: "link", onclick: () => redraw(other) }, text));
  const factors = login.factors.filter((factor) => factor !== way).map((factor) => link(named(factor, login), factor));
  const ways = [...factors];
  const takesRecovery = !again || recovery;
  if (takesRecovery && way !== "recovery") ways.push(link(t("challenge.use-recovery"), "recovery"));
  if (takesRecovery && way !== "email" && login.recovery.email_hint) ways.push(link(t("challenge.use-email"), "email"));
  return ways.length > 0 && h("div", { class: "ways" }, h("h4", {}, t("challenge.other")), h("ul", {}, ways));
}

/** A factor as its user knows it. */
const named = ({ kind, name, phone_hint: hint }, login) =>
  kind === "sms" ? t("challenge.way-sms", { name, hint }) : t(goesByName(name, login) ? "challenge.way-totp-named" : "challenge.way-totp", { name });

/** Whether an app's name says which one it is: where there is another, or where it is not the name of all apps. */
const goesByName = (name, { factors }) => factors.filter(({ kind }) => kind === "totp").length > 1 || !isSaid("kind.totp", name);

/** What goes wrong with a code is told as of a code of this kind: the API's names for it are the same for all. */
export const asOf = (kind) => (problem) => {
  throw Object.assign(problem, { reason: kind });
};

function factor(factor, login, ways) {
  const verify = async (code) => ways.proven((await askWithCode(`/v1/factors/${factor.id}/verify`, code, factor).catch(asOf("code"))).body);
  const wait = login.retry_after && h("p", { class: "note" }, again(hear() + login.retry_after * 1000));
  const input = codeField();
  const check = form([input], t("challenge.check"), () => verify(input.input.value));
  if (factor.kind === "sms") return [wait, ...texting(factor, factor.phone_hint, input.input), check];
  return [wait, h("p", { class: "hint" }, t(goesByName(factor.name, login) ? "challenge.open-app-named" : "challenge.open-app", { name: factor.name })), check];
}

/**
 * What was sent last for a factor or a recovery of this login, and for which login token: it is still told when its screen is
 * drawn again, as in another language.
 */
const sent = new WeakMap();

/** Asks with a code that was typed. One that was sent for `of` goes out only with the login token that it was sent for. */
export const askWithCode = (path, code, of, more) => ask("POST", path, { body: { code }, login: sent.get(of)?.login, ...more });

/** A button that has a code sent, as a text or an email, and what it says when that is done; `next` is the field for the code. */
function sending(what, of, hint, path, next) {
  const told = h("p", { class: "note" });
  const words = ({ to_hint: to, resend_after: wait, expires_at: end, from }) =>
    t(`${what}.sent`, { hint: to ?? hint, until: timeOfDay(new Date(end)), again: timeOfDay(from + wait * 1000) });
  const { press, error } = acting(t(sent.has(of) ? `${what}.again` : `${what}.send`, { hint }), async () => {
    told.replaceChildren();
    if (sent.has(of)) sent.set(of, null);
    const { body } = await askForCode(path).catch(asOf("code"));
    sent.set(of, { ...body, from: hear(), login: session.token });
    told.replaceChildren(words(sent.get(of)));
    // It also stays to be read, unless the screen was drawn anew meanwhile.
    say(told.textContent, { stays: told.isConnected });
    press.replaceChildren(t(`${what}.again`));
    next.focus();
  });
  if (sent.get(of)) told.replaceChildren(words(sent.get(of)));
  return [h("div", { class: "actions" }, press), error, told];
}

/** A button that has a code texted. */
export const texting = (factor, hint, next) => sending("text", factor, hint, `/v1/factors/${factor.id}/texts`, next);

function recoveryCode(ways) {
  const input = field("recovery", t("recovery.label"), { hint: t("recovery.hint"), ...loose });
  return form([input], t("challenge.check"), () => redeem(input.input.value, ways));
}

function emailedCode(login, ways) {
  const input = field("emailed", t("email.label"), { hint: t("email.hint"), "data-takes-code": true, ...loose });
  const check = form([input], t("challenge.check"), () => redeem(input.input.value, ways, login.recovery));
  return [...sending("email", login.recovery, login.recovery.email_hint, "/v1/recovery/emails", input.input), check];
}

/** Codes of letters and digits, typed from paper: nothing is to be corrected or kept. */
const loose = { type: "text", autocomplete: "off", autocapitalize: "none", autocorrect: "off", spellcheck: "false", maxlength: 64, class: "code" };

async function redeem(code, ways, of) {
  const { body } = await askWithCode("/v1/recovery/verify", code, of).catch(asOf("recovery"));
  say(t("recovery.left", { count: body.recovery.codes_left }));
  await ways.proven(body);
}
