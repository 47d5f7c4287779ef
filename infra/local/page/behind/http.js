// The panel with the HTTP calls and their JSON. It shows secrets, because this is the user's machine, but cuts tokens.

import { h } from "../dom.js";
import { exchanges } from "../api.js";
import { t } from "../words.js";
import { nothing } from "./panel.js";

const SHOWN = 40;
const MATTERS = ["apigw-requestid", "content-type", "etag", "retry-after", "www-authenticate"];
const opened = new WeakSet();

/** Draws the calls, the newest first. */
export function http() {
  const done = exchanges.filter(({ status }) => status).slice(0, SHOWN);
  if (!done.length) return nothing("http.none");
  return h("ol", { class: "exchanges", reversed: true }, done.map((exchange) => h("li", {}, one(exchange))));
}

function one(exchange) {
  const { method, path, status, ms, sent, asked, received, replied } = exchange;
  const ontoggle = ({ target }) => (target.open ? opened.add(exchange) : opened.delete(exchange));
  const matters = Object.fromEntries(MATTERS.filter((name) => name in received).map((name) => [name, received[name]]));
  return h("details", { open: opened.has(exchange), ontoggle }, [
    h("summary", {}, line(method, path), h("span", { class: `status ${status < 400 ? "fine" : "refused"}` }, String(status)), h("span", { class: "ms" }, `${ms.toFixed(0)} ms`)),
    headers(t("http.sent"), sent),
    asked !== undefined && json(t("http.body"), asked),
    headers(t("http.received"), matters),
    json(t("http.reply"), replied),
  ]);
}

/** The method and the path of a request. */
export const line = (method, path) => h("span", { class: "line" }, h("b", {}, method), " ", path.replace(/factors\/(\w{4})\w+/, "factors/$1…"));

const headers = (title, all) => block(title, Object.entries(all).map(([name, value]) => `${name}: ${short(value)}`).join("\n"));

/** A value as JSON, with a title. */
export const json = (title, value) => block(title, JSON.stringify(value, (_, part) => (typeof part === "string" ? short(part) : part), 2));

const block = (title, text) => h("div", { class: "block" }, h("p", { class: "meta" }, title), h("pre", { tabindex: "0", role: "group", "aria-label": title }, text));

const short = (text) => text.replace(/eyJ[\w-]{12,}\.[\w-]+\.[\w-]+/g, (token) => `${token.slice(0, 12)}…${token.slice(-6)}`).replace(/^(<\?xml.{40}).*/s, "$1…");
