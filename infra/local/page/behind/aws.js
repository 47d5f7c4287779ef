// The panel with the AWS calls of each request, as bars on one time axis. It marks the longest chain of calls.

import { h } from "../dom.js";
import { exchanges } from "../api.js";
import { t } from "../words.js";
import { line } from "./http.js";
import { nothing } from "./panel.js";

const SHOWN = 6;
const NAMES = { dynamodb: "DynamoDB", kms: "KMS", sns: "SNS", ses: "SES" };

/** Draws the requests that made calls, the newest first. */
export function aws() {
  const made = exchanges.filter(({ calls }) => calls.length).slice(0, SHOWN);
  if (!made.length) return nothing("aws.none");
  return h("div", { class: "charts" }, made.map(chart));
}

function chart({ method, path, calls }) {
  const start = Math.min(...calls.map((call) => call.started_at));
  const length = Math.max(...calls.map(ended)) - start;
  const chain = longestChain(calls);
  const summary = t("aws.summary", { function: calls[0].function, calls: calls.length, chain: chain.length, ms: length.toFixed(1) });
  return h("table", { class: "chart" }, [
    h("caption", {}, line(method, path), h("span", { class: "meta" }, summary)),
    h("thead", {}, h("tr", {}, ["call", "time", "ms"].map((one) => h("th", { scope: "col" }, t(`aws.head.${one}`))))),
    h("tbody", {}, calls.map((call) => row(call, { start, length, waits: chain.includes(call) }))),
  ]);
}

function row(call, { start, length, waits }) {
  const took = ended(call) - call.started_at;
  const bar = h("span", { class: waits ? "bar waits" : "bar" });
  bar.style.setProperty("--from", (call.started_at - start) / length);
  bar.style.setProperty("--for", took / length);
  return h("tr", {}, [
    h("th", { scope: "row" }, h("span", { class: "service" }, NAMES[call.service]), ` ${call.operation}`, waits && h("span", { class: "unseen" }, ` ${t("aws.waits")}`)),
    h("td", {}, h("span", { class: "track", "aria-hidden": "true" }, bar), h("span", { class: "unseen" }, t("aws.after", { ms: (call.started_at - start).toFixed(1) }))),
    h("td", {}, took.toFixed(1)),
  ]);
}

const ended = (call) => call.ended_at ?? call.started_at;

/** The longest chain of calls that each began after the one before had ended. Of several, the one that ended last. */
export function longestChain(calls) {
  const chains = [];
  for (const call of calls) {
    chains.push([...longest(chains.filter((chain) => ended(chain.at(-1)) <= call.started_at)), call]);
  }
  return longest(chains);
}

const longest = (chains) =>
  chains.reduce((best, chain) => {
    const later = chain.length === best.length && ended(chain.at(-1)) > ended(best.at(-1));
    return chain.length > best.length || later ? chain : best;
  }, []);
