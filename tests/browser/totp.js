// An authenticator app that is independent of the page's and of the stack's (RFC 6238).

import { createHmac } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The code that an app with this secret shows at a time in Unix seconds. */
export function totp(secret, seconds) {
  let bits = 0n;
  for (const letter of secret) bits = bits * 32n + BigInt(ALPHABET.indexOf(letter));
  const key = Buffer.from(bits.toString(16).padStart((secret.length * 5) / 4, "0"), "hex");
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(seconds / 30)));
  const mac = createHmac("sha1", key).update(counter).digest();
  const number = mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

/** A code that the app does not show then, nor shortly before or after. */
export function wrong(secret, seconds) {
  const shown = [-2, -1, 0, 1, 2].map((steps) => totp(secret, seconds + steps * 30));
  return ["000000", "000001", "000002", "000003", "000004", "000005"].find((code) => !shown.includes(code));
}
