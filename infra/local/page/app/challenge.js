// The screen that asks for a code, at a login or before a change of settings.

import { h, say } from "../dom.js";
import { ask, askForCode, session } from "../session.js";
import { acting, codeField, field, form } from "../forms.js";
import { again } from "../problems.js";
import { show } from "../window.js";
import { isSaid, t, timeOfDay } from "../words.js";
import { hear } from "../clock.js";

/**
 * Asks for a code.
 * - `login`: the API's reply, with the user's factors.
 * - `ways.proven`: gets the reply to a right code.
 * - `ways.back`: leaves the screen.
 * - `ways.again`: the session is already open.
 * - `ways.recovery`: then a recovery code or an emailed code is enough.
 * - `ways.forbidden`: the workspaces accept the user's factors only for beginning another.
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

/** Explains why the app asks for a code. */
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

/** The text for a factor. */
const named = ({ kind, name, phone_hint: hint }, login) =>
  kind === "sms" ? t("challenge.way-sms", { name, hint }) : t(goesByName(name, login) ? "challenge.way-totp-named" : "challenge.way-totp", { name });

/** Whether to show an app's name: if there is another app, or if the name is not the default one. */
const goesByName = (name, { factors }) => factors.filter(({ kind }) => kind === "totp").length > 1 || !isSaid("kind.totp", name);

/** Adds the kind of code to a problem, because the API's problems are the same for all kinds. */
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
 * The last reply about a sent code, with its login token, by factor or recovery. The screen shows it again when it is
 * drawn in another language.
 */
const sent = new WeakMap();

/** Sends a typed code to the API. A code that was sent for `of` is sent only with the login token that asked for it. */
export const askWithCode = (path, code, of, more) => ask("POST", path, { body: { code }, login: sent.get(of)?.login, ...more });

/** A button that sends a code by text or email, and a note about the sent code. `next` is the field for the code. */
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
    // The note stays on the page, unless the screen was drawn again meanwhile.
    say(told.textContent, { stays: told.isConnected });
    press.replaceChildren(t(`${what}.again`));
    next.focus();
  });
  if (sent.get(of)) told.replaceChildren(words(sent.get(of)));
  return [h("div", { class: "actions" }, press), error, told];
}

/** A button that sends a code by text. */
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

/** Attributes for codes of letters and digits. The browser must not correct or store them. */
const loose = { type: "text", autocomplete: "off", autocapitalize: "none", autocorrect: "off", spellcheck: "false", maxlength: 64, class: "code" };

async function redeem(code, ways, of) {
  const { body } = await askWithCode("/v1/recovery/verify", code, of).catch(asOf("recovery"));
  say(t("recovery.left", { count: body.recovery.codes_left }));
  await ways.proven(body);
}
