// The authenticator app of the simulated phone (RFC 6238). Its accounts are in memory until the phone is lost.

import { tell } from "./api.js";
import { hear } from "./clock.js";

const STEP = 30_000;

/** The scanned accounts, the newest first. */
export const accounts = [];

/** Scans a QR code. The link in it names the account. */
export function scan({ secret, uri }) {
  const name = decodeURIComponent(uri.slice(0, uri.indexOf("?")).split("/").pop()).replace(":", ": ");
  if (!accounts.some((account) => account.secret === secret)) {
    const alike = accounts.filter((account) => account.known === name).length;
    accounts.unshift({ secret, known: name, name: alike ? `${name} (${alike + 1})` : name });
  }
  tell();
}

/** Loses the phone, and with it all accounts. */
export function lose() {
  accounts.length = 0;
  tell();
}

/** How long the current code is still shown, in milliseconds. */
export const left = () => STEP - (hear() % STEP);

/** The current code. */
export async function code(secret) {
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(Math.floor(hear() / STEP)));
  const key = await crypto.subtle.importKey("raw", base32(secret), { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);
  const mac = new DataView(await crypto.subtle.sign("HMAC", key, counter));
  const number = mac.getUint32(mac.getUint8(19) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

function base32(text) {
  const bits = [...text].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Uint8Array.from(bits.match(/.{8}/g), (byte) => parseInt(byte, 2));
}
