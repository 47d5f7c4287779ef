// Sends requests to the stack, and records them for the panels. It turns a problem into an error that a form can show.

import { language } from "./words.js";
import { hear } from "./clock.js";

/** The requests and replies, the newest first, each with its AWS calls. */
export const exchanges = [];
/** The sent texts and emails, the oldest first. */
export const outbox = { texts: [], emails: [] };

const watchers = [];
/** Calls `act` whenever the panels need to be drawn again: for new data, or in another language. */
export const watch = (act) => watchers.push(act);
/** Calls all watchers. */
export const tell = () => watchers.forEach((act) => act());

/** A failed request: the problem's code, and the reply's other members. */
export class Problem extends Error {
  constructor(code, more = {}) {
    super(code);
    this.code = code;
    Object.assign(this, more);
  }
}

/** Sends a request. Returns the reply, or throws a `Problem`. */
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
    // No cache: the public keys may be cached, but the next stack at this address has other keys.
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

/** Fetches the sent texts and emails. It ignores a reply that arrives after a newer one. */
export async function fetchOutbox() {
  const turn = (asked += 1);
  const sent = await read("/dev/outbox");
  if (turn < shown) return;
  shown = turn;
  Object.assign(outbox, sent);
}

/**
 * Fetches the sent messages and the AWS calls from the stack's own routes. If that fails, the panels show less, but the
 * reply still counts. It may have recovery codes, which the API returns only once.
 */
async function see(exchange) {
  const request = exchange.received["apigw-requestid"];
  try {
    const [{ calls }] = await Promise.all([request ? read(`/dev/calls?request=${request}`) : { calls: [] }, fetchOutbox()]);
    exchange.calls = calls;
  } catch (error) {
    console.warn("the panels could not be loaded", error);
  }
  tell();
}

function problem({ status, replied, received }) {
  const { type, ...more } = replied ?? {};
  const wait = Number(received["retry-after"]);
  const code = type?.split("/").pop() ?? (status === 401 ? "unauthorized" : "gateway");
  return new Problem(code, { ...more, status, again: wait ? hear() + wait * 1000 : undefined });
}
