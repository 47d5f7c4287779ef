// The app's backend, simulated by the page. It mints login tokens after the password, and opens a session only if an
// assertion passes every check of the contract.

import { call, tell } from "./api.js";
import { hear } from "./clock.js";

/** How long a login token is valid, in seconds. */
const LIFE = 600;
const AUDIENCE = "app";

/** The assertion that was checked last, with the result of each check. */
export const latest = {};

const spent = new Set();
const newest = new Map();
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const base64url = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const parse = (part) => JSON.parse(new TextDecoder().decode(bytes(part)));

/**
 * Mints a login token for a user who gave the password at `since`, in milliseconds. Returns the token and its expiry.
 * Each token has an id of its own. So codes and assertions for one token are not valid with another.
 */
export async function mint(who, since) {
  const body = { sub: who.sub, workspaces: who.workspaces, owned_workspaces: who.owned, expires_in: LIFE };
  if (who.sso) body.sso = who.sso;
  if (who.email) body.email = who.email;
  // After an operator's reset, the service begins no factor for an older login.
  body.claims = { auth_time: Math.floor(since / 1000) };
  if (who.resetAt) body.claims.password_reset_at = who.resetAt;
  const reply = await call("POST", "/dev/tokens", { body });
  return { token: reply.body.token, until: hear() + LIFE * 1000 };
}

/** Decodes an assertion without any check. The backend must check it before it trusts the claims. */
export function read(assertion) {
  const [header, claims] = assertion.split(".").map((part, index) => (index < 2 ? parse(part) : part));
  return { header, claims };
}

/** Checks an assertion for this login token, user and workspace. If all checks pass, the assertion is spent. */
export async function check(assertion, { sub, token, workspace }) {
  const { header, claims } = read(assertion);
  const [issuer, ath] = await Promise.all([serviceIssuer(), hash(token)]);
  const checks = [
    ["signature", await isSigned(assertion, header)],
    ["typ", header.typ === "mfa+jwt"],
    ["iss", claims.iss === issuer],
    ["aud", claims.aud === AUDIENCE],
    ["exp", claims.exp * 1000 > hear()],
    ["sub", claims.sub === sub],
    ["ath", claims.ath === ath],
    ["jti", !spent.has(claims.jti)],
    ["mfa", ["passed", "not_required"].includes(claims.mfa)],
    ["workspaces", claims.workspaces.includes(workspace)],
    ["mfa_epoch", claims.mfa_epoch >= (newest.get(sub) ?? 0)],
  ].map(([name, ok]) => ({ name, ok }));
  const good = checks.every(({ ok }) => ok);
  if (good) {
    spent.add(claims.jti);
    newest.set(sub, claims.mfa_epoch);
  }
  Object.assign(latest, { assertion, header, claims, checks, good });
  tell();
  return good;
}

let keys = [];
/** Whether one of the service's keys signed the assertion. If no stored key verifies it, the keys are fetched again. */
async function isSigned(assertion, { alg, kid }) {
  const known = keys.find((key) => key.kid === kid);
  if (alg !== "ES256") return false;
  if (known && (await verifies(assertion, known))) return true;
  keys = (await call("GET", "/.well-known/jwks.json")).body.keys;
  const now = keys.find((key) => key.kid === kid);
  // If a key with the same `kid` has changed, this is a new stack, which has none of the users' factors.
  if (known && now && now.x !== known.x) [spent, newest].forEach((kept) => kept.clear());
  return Boolean(now) && verifies(assertion, now);
}

async function verifies(assertion, jwk) {
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const key = await crypto.subtle.importKey("jwk", { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y }, curve, false, ["verify"]);
  const [signed, signature] = [assertion.slice(0, assertion.lastIndexOf(".")), bytes(assertion.split(".")[2])];
  return crypto.subtle.verify({ ...curve, hash: "SHA-256" }, key, signature, new TextEncoder().encode(signed));
}

const hash = async (token) => base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));

let known;
/** The service's issuer. The identity provider's issuer is this with `/dev` at its end. */
async function serviceIssuer() {
  known ??= (await (await fetch("/dev/.well-known/openid-configuration")).json()).issuer.replace(/\/dev$/, "");
  return known;
}
