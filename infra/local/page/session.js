// The login under way and the session that it opens. In memory only: a reload forgets them.

import { call, Problem } from "./api.js";
import { check, mint, read } from "./backend.js";
import { hear } from "./clock.js";
import { whereabouts } from "./window.js";

/** What is left of a token or an assertion when it is no longer used, in milliseconds. */
const MARGIN = 5000;
/** What must be left of a token to ask for a code with it in an open session, in milliseconds. */
const TIME_TO_TYPE = 300_000;

const nobody = { visit: null, who: null, workspace: null, since: 0, token: null, until: 0, assertion: null, claims: null, open: false };
/** Who is there, with which credentials. */
export const session = { ...nobody };

/** Someone has given their password. */
export async function begin(who, workspace) {
  Object.assign(session, nobody, { visit: Symbol(), who, workspace, since: hear() });
  Object.assign(session, await whileThere(mint(who, session.since)));
}

/** They are gone. */
export const end = () => Object.assign(session, nobody);

/**
 * What is awaited, for who is where they were: once they have left or gone elsewhere nothing follows from it any more. What
 * `comesOnce` follows them, though not out of their session; why it did not come does not.
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

/** Asks the API, as whoever is there and for as long as they are; a reply that `comesOnce` follows them within their session. */
export const ask = (method, path, { comesOnce, ...options } = {}) => whileThere(send(method, path, options), comesOnce);

/**
 * Asks for a code to be sent. The code is good only with the login token that asked for it, so an open session gets a fresh one
 * first where the old one ends soon.
 */
export const askForCode = (path) => whileThere(sendCode(path));

async function sendCode(path) {
  if (session.open && session.until - TIME_TO_TYPE < hear()) await renew();
  return send("POST", path, {});
}

/**
 * An open session gets a fresh login token where the old one is over. `login` is the token that a code was sent for: with
 * another one it would be a wrong guess, and is not sent.
 */
async function send(method, path, { login, ...options }) {
  const over = session.until - MARGIN < hear();
  if (over && !session.open) throw new Problem("login-over");
  if (login && (over || login !== session.token)) throw new Problem("code-expired");
  if (over) await renew();
  if (session.claims && session.claims.exp * 1000 - MARGIN < hear()) forgetAssertion();
  return call(method, path, { ...options, token: session.token, assertion: session.assertion });
}

/** A fresh login token for the session that is open; an assertion of the old one is not good with it. */
const renew = async () => Object.assign(session, await whileThere(mint(session.who, session.since)), { assertion: null, claims: null });

/** A fresh login token, because the user has given their password again. */
export async function logInAgain() {
  session.since = hear();
  await renew();
}

/** The assertion is no longer sent: the next request that needs one will say so. */
export const forgetAssertion = () => Object.assign(session, { assertion: null, claims: null });

/** Takes an assertion: hands it to the backend, which opens the session if all holds. Returns whether it did. */
export async function adopt(assertion) {
  const { claims } = read(assertion);
  Object.assign(session, { assertion, claims });
  const good = await whileThere(check(assertion, { sub: session.who.sub, token: session.token, workspace: session.workspace }), true);
  if (good) session.open = true;
  return good;
}
