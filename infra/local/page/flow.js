// The order of the screens: from the password to an open session, and to a step-up when a setting requires one.

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

/** How the session was opened, for the home screen. */
export const entry = { login: null, claims: null };

/** The reason of a login whose user has a factor, but none that their workspaces accept. */
const METHOD_NOT_ALLOWED = "method_not_allowed";

/** Logs a user in after the password: asks the API for its decision, and follows it. */
export async function logIn(who, workspace) {
  await begin(who, workspace);
  const login = (await ask("POST", "/v1/logins")).body;
  entry.login = login;
  if (login.decision === "allow") await enter(login.assertion);
  else if (login.decision === "challenge") show(challenge, login, { proven: settled, back: logOut });
  // The user's only factor was begun with an emailed code, which is not allowed. A recovery code still helps.
  else if (login.reason === METHOD_NOT_ALLOWED) show(challenge, login, { proven: settled, back: logOut, forbidden: true });
  else show(chooseMethod, login.methods, { back: logOut, why: "enroll.required" });
}

/** Continues after a right code. The session opens, or the user may only begin an allowed factor. */
async function settled({ assertion }) {
  if (await adopt(assertion)) return opened(session.claims.amr.some(isRecovery) ? security : home);
  if (session.claims.mfa === "enroll_only") return show(chooseMethod, await methods(), { back: logOut, why: "enroll.other" });
  throw new Problem("assertion-refused");
}

/** The kinds of factors that are allowed now. If the API fails, those that were allowed when the login began. */
const methods = async () => (await ask("POST", "/v1/logins").then(({ body }) => body, () => entry.login)).methods;

const isRecovery = (method) => method === "recovery" || method === "email";

/** Opens the session with an assertion, if the backend accepts it. */
async function enter(assertion) {
  if (!(await adopt(assertion))) throw new Problem("assertion-refused");
  opened(home);
}

function opened(screen) {
  entry.claims = session.claims;
  say(t("home.in", { workspace: workspaces[session.workspace] }));
  show(screen);
}

/** Continues after the activation of a factor. If there are new recovery codes, it shows them first. */
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

/** Logs the user out. */
export function logOut() {
  end();
  goTo(signIn);
}

/**
 * Runs `act`. If the API requires a second factor, it asks the user for one and runs `act` again. With `recovery`, a
 * recovery code or an emailed code is enough. These are valid for beginning a factor, and for no other change.
 */
export async function withFactor(act, { recovery = false } = {}) {
  try {
    return await act();
  } catch (problem) {
    if (!asksForFactor(problem)) throw problem;
    // A valid assertion stays, even if it is not enough here. A recovery code works once, so don't lose its assertion.
    if (problem.code === "assertion-invalid") forgetAssertion();
  }
  await stepUp(recovery);
  try {
    return await act();
  } catch (problem) {
    // The user's factor may be valid only for beginning another, allowed factor.
    throw asksForFactor(problem) && session.claims?.mfa === "enroll_only" ? new Problem("enroll-only") : problem;
  }
}

const asksForFactor = ({ code }) => ["assertion-required", "assertion-invalid"].includes(code);

/**
 * Asks for the password again, then runs `act`. This is for a first factor, because the API can't require another one
 * then. With that factor a user can confirm everything, so an open browser must not be enough to enroll it.
 */
export async function withPassword(act) {
  if (!(await interrupt(password))) throw new Problem("canceled");
  await logInAgain();
  return act();
}

/** Asks for a step-up in an open session. With `recovery`, a recovery code or an emailed code is enough. */
async function stepUp(recovery) {
  const login = (await ask("POST", "/v1/logins")).body;
  const { decision, reason, factors } = login;
  // A login without a code does not prove a factor. Only after SSO is its assertion enough.
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
  if (!proven) throw new Problem("canceled");
}
