// The login under way and the session that it opens. In memory only: a reload forgets them.

import { call, Problem } from "./api.js";
import { check, mint, read } from "./backend.js";
import { hear } from "./clock.js";
import { whereabouts } from "./window.js";

/** What is left of a token or an assertion when it is no longer used, in milliseconds. */
const MARGIN = 5000;

const nobody = { visit: null, who: null, workspace: null, token: null, until: 0, assertion: null, claims: null, open: false };
/** Who is there, with which credentials. */
export const session = { ...nobody };

/** Someone has given their password. */
export async function begin(who, workspace) {
  Object.assign(session, nobody, { visit: Symbol(), who, workspace });
  Object.assign(session, await whileSame(visit, mint(who)));
}

/** They are gone. */
export const end = () => Object.assign(session, nobody);

const visit = () => session.visit;

/** What is awaited, as long as this is what it was: once the user has left, or gone elsewhere, nothing follows from it any more. */
function whileSame(mark, awaited) {
  const before = mark();
  return new Promise((resolve, reject) => {
    const to = (settle) => (outcome) => mark() === before && settle(outcome);
    awaited.then(to(resolve), to(reject));
  });
}

/**
 * Asks the API, as whoever is there. An open session gets a fresh login token where the old one is over. Who goes elsewhere waits
 * for no answer, but for one `thatComesOnce`.
 */
export async function ask(method, path, { thatComesOnce, ...options } = {}) {
  if (session.until - MARGIN < hear()) {
    if (!session.open) throw new Problem("login-over");
    await renew();
  }
  if (session.claims && session.claims.exp * 1000 - MARGIN < hear()) forgetAssertion();
  return whileSame(thatComesOnce ? visit : whereabouts, call(method, path, { ...options, token: session.token, assertion: session.assertion }));
}

/** A fresh login token for the session that is open; an assertion of the old one is not good with it. */
export const renew = async () => Object.assign(session, await whileSame(visit, mint(session.who)), { assertion: null, claims: null });

/** The assertion is no longer sent: the next request that needs one will say so. */
export const forgetAssertion = () => Object.assign(session, { assertion: null, claims: null });

/** Takes an assertion: hands it to the backend, which opens the session if all holds. Returns whether it did. */
export async function adopt(assertion) {
  const { claims } = read(assertion);
  Object.assign(session, { assertion, claims });
  const good = await whileSame(visit, check(assertion, { sub: session.who.sub, token: session.token, workspace: session.workspace }));
  if (good) session.open = true;
  return good;
}
