// What follows what: from the password to an open session, and back to a code where settings ask for one.

import { Problem } from "./api.js";
import { say } from "./dom.js";
import { workspaces } from "./people.js";
import { adopt, ask, begin, end, forgetAssertion, logInAgain, session } from "./session.js";
import { goTo, interrupt, show } from "./window.js";
import { t } from "./words.js";
import { challenge } from "./app/challenge.js";
import { codes } from "./app/codes.js";
import { chooseMethod } from "./app/enroll.js";
import { home } from "./app/home.js";
import { password } from "./app/password.js";
import { security } from "./app/security.js";
import { signIn } from "./app/signin.js";

/** How the session came to be open: what the home screen tells of. */
export const entry = { login: null, claims: null };

/** The reason of a login whose user has a factor, but none that their workspaces accept. */
const METHOD_NOT_ALLOWED = "method_not_allowed";

/** The password was right: asks what follows, and does it. */
export async function logIn(who, workspace) {
  await begin(who, workspace);
  const login = (await ask("POST", "/v1/logins")).body;
  entry.login = login;
  if (login.decision === "allow") await enter(login.assertion);
  else if (login.decision === "challenge") show(challenge, login, { proven: settled, back: logOut });
  // Of a user whose only factor was begun with an emailed code, where those are forbidden, none is listed: a recovery code helps.
  else if (login.reason === METHOD_NOT_ALLOWED) show(challenge, login, { proven: settled, back: logOut, forbidden: true });
  else show(chooseMethod, login.methods, { back: logOut, why: "enroll.required" });
}

/** A code was right: with what it proves the session opens, or a factor that is allowed can be begun. */
async function settled({ assertion }) {
  if (await adopt(assertion)) return opened(session.claims.amr.some(isRecovery) ? security : home);
  if (session.claims.mfa === "enroll_only") return show(chooseMethod, await methods(), { back: logOut, why: "enroll.other" });
  throw new Problem("assertion-refused");
}

/** What is allowed by now: it may have been changed since the login began. Where that is not to be had, what was allowed then. */
const methods = async () => (await ask("POST", "/v1/logins").then(({ body }) => body, () => entry.login)).methods;

const isRecovery = (method) => method === "recovery" || method === "email";

/** Opens the session with an assertion, if the backend will. */
async function enter(assertion) {
  if (!(await adopt(assertion))) throw new Problem("assertion-refused");
  opened(home);
}

function opened(screen) {
  entry.claims = session.claims;
  say(t("home.in", { workspace: workspaces[session.workspace] }));
  show(screen);
}

/** A factor became active: shows the recovery codes that came with it, and goes on from there. */
export async function activated({ assertion, recovery_codes: fresh }) {
  const within = session.open;
  say(t("enroll.done"));
  const good = assertion ? await adopt(assertion) : within;
  if (!assertion) forgetAssertion();
  if (within && good && assertion) entry.claims = session.claims;
  const on = () => (!good ? logOut() : within ? goTo(security) : opened(home));
  if (fresh) goTo(codes, fresh, on);
  else on();
}

/** Leaves. */
export function logOut() {
  end();
  goTo(signIn);
}

/**
 * Does what may need a second factor: where the API asks for one, it is asked for here, and the same is done again. A recovery
 * code or an emailed one confirms it only where `recovery` says so: they are good for beginning a factor, and for no other change.
 */
export async function withFactor(act, { recovery = false } = {}) {
  try {
    return await act();
  } catch (problem) {
    if (!asksForFactor(problem)) throw problem;
    // One that is good, but not good enough, stays: a recovery code works once, and may be wanted for what it is good for.
    if (problem.code === "assertion-invalid") forgetAssertion();
  }
  await stepUp(recovery);
  try {
    return await act();
  } catch (problem) {
    // What has proven who they are may be good for setting up a method that is allowed, and nothing else.
    throw asksForFactor(problem) && session.claims?.mfa === "enroll_only" ? new Problem("enroll-only") : problem;
  }
}

const asksForFactor = ({ code }) => ["assertion-required", "assertion-invalid"].includes(code);

/**
 * Does what needs the password again: a first factor, for which the API can't ask for another. Whoever enrols one can
 * confirm everything with it from then on, so an open browser must not be enough.
 */
export async function withPassword(act) {
  if (!(await interrupt(password))) throw new Problem("cancelled");
  await logInAgain();
  return act();
}

/** Asks for a second factor within an open session, or for a code that stands in for it where `recovery` says so. */
async function stepUp(recovery) {
  const login = (await ask("POST", "/v1/logins")).body;
  const { decision, reason, factors } = login;
  // That MFA is settled is not that it was passed: of those who are let in without a code, SSO alone vouches for them.
  if (decision === "allow" && reason === "sso") return adopt(login.assertion);
  if (decision === "allow" || (!factors.length && reason !== METHOD_NOT_ALLOWED)) throw new Problem("no-factor");
  if (!factors.length && !recovery) throw new Problem("enroll-only");
  const proven = await interrupt((back) => {
    const took = async ({ assertion }) => {
      const good = await adopt(assertion);
      const { mfa } = session.claims;
      back((good && mfa === "passed") || mfa === "enroll_only");
    };
    return challenge(login, { proven: took, back: () => back(false), again: true, recovery, forbidden: decision === "enroll" });
  });
  if (!proven) throw new Problem("cancelled");
}
