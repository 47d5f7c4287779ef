// The current login, and the session that it opens. Both are in memory only, so a reload ends them.

import { call, Problem } from "./api.js";
import { check, mint, read } from "./backend.js";
import { hear } from "./clock.js";
import { whereabouts } from "./window.js";

/** How long before its expiry a token or an assertion is no longer used, in milliseconds. */
const MARGIN = 5000;
/** How long a token must still be valid to ask for a code with it in an open session, in milliseconds. */
const TIME_TO_TYPE = 300_000;

const nobody = { visit: null, who: null, workspace: null, since: 0, token: null, until: 0, assertion: null, claims: null, open: false };
/** The user, with their credentials. */
export const session = { ...nobody };

/** Begins a login after the user has given their password. */
export async function begin(who, workspace) {
  Object.assign(session, nobody, { visit: Symbol(), who, workspace, since: hear() });
  Object.assign(session, await whileThere(mint(who, session.since)));
}

/** Ends the login or session. */
export const end = () => Object.assign(session, nobody);

/**
 * Settles like `awaited` if the user is still in the same place. Otherwise it never settles, so nothing follows. If the
 * result `comesOnce`, it is enough that the user is still in the same session. A failure always needs the same place.
 */
function whileThere(awaited, comesOnce = false) {
  const [visit, place] = [session.visit, whereabouts()];
  const isThere = () => whereabouts() === place;
  return new Promise((resolve, reject) => {
    awaited.then(
      (outcome) => (comesOnce ? session.visit === visit : isThere()) && resolve(outcome),
      (problem) => isThere() && reject(problem),
    );
  });
}

/** Sends a request to the API as the current user. The promise settles as `whileThere` describes. */
export const ask = (method, path, { comesOnce, ...options } = {}) => whileThere(send(method, path, options), comesOnce);

/**
 * Asks the API to send a code. The code is valid only with the login token that asked for it. So an open session first
 * gets a fresh token if its token expires soon.
 */
export const askForCode = (path) => whileThere(sendCode(path));

async function sendCode(path) {
  if (session.open && session.until - TIME_TO_TYPE < hear()) await renew();
  return send("POST", path, {});
}

/**
 * Sends a request. An open session first gets a fresh login token if the old one has expired. `login` is the token that
 * a code was sent for. With another token the code would count as wrong, so it is not sent.
 */
async function send(method, path, { login, ...options }) {
  const over = session.until - MARGIN < hear();
  if (over && !session.open) throw new Problem("login-over");
  if (login && (over || login !== session.token)) throw new Problem("code-expired");
  if (over) await renew();
  if (session.claims && session.claims.exp * 1000 - MARGIN < hear()) forgetAssertion();
  return call(method, path, { ...options, token: session.token, assertion: session.assertion });
}

/** Gets a fresh login token for the open session. The old token's assertion is not valid with it. */
const renew = async () => Object.assign(session, await whileThere(mint(session.who, session.since)), { assertion: null, claims: null });

/** Gets a fresh login token after the user has given their password again. */
export async function logInAgain() {
  session.since = hear();
  await renew();
}

/** Drops the assertion. If the next request needs one, the API will ask for it. */
export const forgetAssertion = () => Object.assign(session, { assertion: null, claims: null });

/** Has the backend check a new assertion. If all checks pass, the session opens. Returns whether they passed. */
export async function adopt(assertion) {
  const { claims } = read(assertion);
  Object.assign(session, { assertion, claims });
  const good = await whileThere(check(assertion, { sub: session.who.sub, token: session.token, workspace: session.workspace }), true);
  if (good) session.open = true;
  return good;
}
