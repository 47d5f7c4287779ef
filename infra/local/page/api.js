// The one way to the stack: sends a request, keeps what went over the wire for those who watch, and turns a problem into
// an error that a form can show.

import { language } from "./words.js";
import { hear } from "./clock.js";

/** What went over the wire, the newest first; each with the AWS calls that were made for it. */
export const exchanges = [];
/** The texts and emails that were sent, the oldest first. */
export const outbox = { texts: [], emails: [] };

const watchers = [];
/** Calls `act` whenever there is more to see, or the same in another language. */
export const watch = (act) => watchers.push(act);
/** Tells who watches. */
export const tell = () => watchers.forEach((act) => act());

/** Why something could not be done: the problem's code, and what the reply said besides. */
export class Problem extends Error {
  constructor(code, more = {}) {
    super(code);
    this.code = code;
    Object.assign(this, more);
  }
}

/** Sends a request; returns what was replied, or throws the problem. */
export async function call(method, path, { body, token, assertion, headers = {} } = {}) {
  const sent = { "accept-language": language(), ...headers };
  if (body !== undefined) sent["content-type"] = "application/json";
  if (token) sent.authorization = `Bearer ${token}`;
  if (assertion) sent["mfa-assertion"] = assertion;
  const exchange = { method, path, sent, asked: body, at: Date.now(), calls: [] };
  exchanges.unshift(exchange);
  const started = performance.now();
  let response;
  try {
    // The keys of a stack may be cached, and those of the next one at this address are others.
    response = await fetch(path, { method, headers: sent, body: body && JSON.stringify(body), cache: "no-store" });
  } catch {
    exchanges.splice(exchanges.indexOf(exchange), 1);
    throw new Problem("unreachable");
  }
  exchange.ms = performance.now() - started;
  exchange.status = response.status;
  exchange.received = Object.fromEntries(response.headers);
  exchange.replied = await response.json().catch(() => null);
  await see(exchange);
  if (!response.ok) throw problem(exchange);
  return { body: exchange.replied, headers: response.headers };
}

const read = async (path) => (await fetch(path)).json();

let [asked, shown] = [0, 0];

/** Fetches what was sent; a reply that others have overtaken is an old one. */
export async function fetchOutbox() {
  const turn = (asked += 1);
  const sent = await read("/dev/outbox");
  if (turn < shown) return;
  shown = turn;
  Object.assign(outbox, sent);
}

/**
 * Fetches what only the stack's own routes show: what was sent, and which AWS calls were made. Without it there is less to
 * see; what was replied is good all the same, and may be recovery codes that come once.
 */
async function see(exchange) {
  const request = exchange.received["apigw-requestid"];
  try {
    const [{ calls }] = await Promise.all([request ? read(`/dev/calls?request=${request}`) : { calls: [] }, fetchOutbox()]);
    exchange.calls = calls;
  } catch (error) {
    console.warn("what happened behind it is not to be had", error);
  }
  tell();
}

function problem({ status, replied, received }) {
  const { type, ...more } = replied ?? {};
  const wait = Number(received["retry-after"]);
  const code = type?.split("/").pop() ?? (status === 401 ? "unauthorized" : "gateway");
  return new Problem(code, { ...more, status, again: wait ? hear() + wait * 1000 : undefined });
}
