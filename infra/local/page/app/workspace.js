// The screen for owners of a workspace: its policy and its members.

import { focusOn, h, say, unique } from "../dom.js";
import { Problem } from "../api.js";
import { acting, attempt, box, choice, field, form } from "../forms.js";
import { withFactor } from "../flow.js";
import { workspaces } from "../people.js";
import { ask, session } from "../session.js";
import { refresh } from "../window.js";
import { day, dayAndTime, list, t } from "../words.js";

const path = (rest) => `/v1/workspaces/${session.workspace}/${rest}`;

/** The screen of the open workspace. */
export function workspace() {
  const place = h("div", { "aria-busy": "true" }, h("p", { class: "hint" }, t("loading")));
  const error = h("p", { class: "error", role: "alert" });
  attempt(async () => {
    const { body, headers } = await ask("GET", path("policy"));
    place.removeAttribute("aria-busy");
    place.replaceChildren(policy(body, headers.get("etag")));
  }, error).then((done) => done || place.remove());
  return [h("h3", {}, t("workspace.title", { workspace: workspaces[session.workspace] })), error, place, members()];
}

function policy(now, etag) {
  const required = box("required", t("policy.required"), { checked: now.required });
  const grace = field("grace", t("policy.grace"), { type: "number", min: 0, max: 30, required: true, inputmode: "numeric", value: now.grace_days, hint: t("policy.grace-hint") });
  const texts = box("texts", t("policy.texts"), { checked: now.allowed_factors.includes("sms") });
  const emails = box("emails", t("policy.emails"), { checked: now.allow_email_recovery });
  // This error appears beside the days, the only field of the form that can be invalid.
  const inRange = async () => {
    if (!grace.input.validity.valid) throw new Problem("days-out-of-range");
  };
  const save = async () => {
    if (!(await attempt(inRange, grace.error, grace.input))) return;
    const body = {
      required: required.input.checked,
      grace_days: grace.input.valueAsNumber,
      allowed_factors: texts.input.checked ? ["totp", "sms"] : ["totp"],
      allow_email_recovery: emails.input.checked,
    };
    await withFactor(() => ask("PUT", path("policy"), { body, headers: { "if-match": etag } }));
    say(t("policy.saved"));
    refresh(workspace);
  };
  return h("section", { class: "card" }, [
    h("h4", {}, t("policy.title")),
    now.required_from && h("p", { class: "note" }, t("policy.from", { moment: dayAndTime(new Date(now.required_from)) })),
    form([required, grace, h("fieldset", {}, h("legend", {}, t("policy.allowed")), h("p", { class: "hint" }, t("policy.apps")), texts, emails)], t("save"), save, null),
    now.updated_at && h("p", { class: "hint" }, t("policy.by", { user: now.updated_by, moment: dayAndTime(new Date(now.updated_at)) })),
  ]);
}

function members() {
  const place = h("div", {});
  const state = choice("state", t("members.which"), ["", "mfa", "none", "sso"].map((one) => [one, t(`members.${one || "all"}`)]));
  const { press, error } = acting(t("members.show"), () => listMembers(state.input.value ? { state: state.input.value } : {}, place));
  return h("section", { class: "card" }, h("h4", {}, t("members.title")), h("p", { class: "hint" }, t("members.why")), state, h("div", { class: "actions" }, press), error, place);
}

/** Lists members in `place`, filtered by `asked`. A button appends the next page, as long as there is one. */
async function listMembers(asked, place) {
  const { summary, members, next_cursor: first } = await page(asked);
  // The screen was drawn again meanwhile, in another language.
  if (!place.isConnected) return;
  const rows = h("tbody", {}, members.map(row));
  const counts = h("p", { class: "counts", id: unique("counts") }, t("members.summary", summary));
  const whole = table(counts.id, rows);
  let cursor = first;
  const more = acting(t("members.more"), async () => {
    const next = await page({ ...asked, cursor });
    rows.append(...next.members.map(row));
    say(t("members.shown", { count: rows.children.length }));
    cursor = next.next_cursor;
    if (cursor) return;
    more.press.remove();
    focusOn(whole);
  });
  place.replaceChildren(counts, whole, h("div", { class: "actions" }, cursor && more.press), more.error);
  say(counts.textContent);
}

async function page(asked) {
  const query = new URLSearchParams(asked).toString();
  return (await withFactor(() => ask("GET", path(`members${query && `?${query}`}`)))).body;
}

const row = ({ user, state, factors, last_seen: seen }) =>
  h("tr", {}, [
    h("th", { scope: "row" }, user),
    h("td", {}, t(`members.${state}`)),
    h("td", {}, factors.length ? list(factors.map((kind) => t(`kind.${kind}`))) : "–"),
    h("td", {}, day(new Date(`${seen}T12:00:00Z`))),
  ]);

function table(label, rows) {
  const heads = ["user", "state", "factors", "seen"].map((one) => h("th", { scope: "col" }, t(`members.head.${one}`)));
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": t("members.title") }, h("table", { "aria-labelledby": label }, [
    h("thead", {}, h("tr", {}, heads)),
    rows,
  ]));
}
