// The login screen. The password is simulated: the user only chooses a person.

import { h } from "../dom.js";
import { Problem } from "../api.js";
import { hear } from "../clock.js";
import { attempt, box, carriedTo, choice, field, form } from "../forms.js";
import { logIn } from "../flow.js";
import { isAddress, people, someone, workspaces } from "../people.js";
import { t } from "../words.js";

/** The login screen. */
export function signIn() {
  const other = field("sub", t("signin.name"), { type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: 64 });
  const owner = box("owner", t("signin.owner"));
  const sso = box("sso", t("signin.sso"));
  const workspace = choice("workspace", t("signin.workspace"), Object.entries(workspaces));
  const elsewhere = h("div", { class: "inset", hidden: true }, other, owner, sso);
  const who = h("fieldset", { class: "people", onchange: () => chosen() }, h("legend", {}, t("signin.who")), [
    ...people.map((person) => personOf(person.sub, person.name, t(`signin.${person.sub}`))),
    personOf("", t("signin.other"), t("signin.other-hint")),
  ]);
  const claims = more();
  const chosen = () => {
    const sub = who.querySelector(":checked").value;
    elsewhere.hidden = sub !== "";
    const mine = people.find((person) => person.sub === sub)?.workspaces ?? Object.keys(workspaces);
    for (const option of workspace.input.options) option.disabled = !mine.includes(option.value);
    if (workspace.input.selectedOptions[0].disabled) workspace.input.value = mine[0];
  };
  const first = carriedTo("who") ?? people[0].sub;
  [...who.querySelectorAll("input")].find(({ value }) => value === first).checked = true;
  chosen();
  const enter = async () => {
    const sub = who.querySelector(":checked").value;
    const typed = other.input.value.trim();
    // This error appears beside the name. Others appear above the button, because the name is hidden for listed people.
    const isNamed = async () => {
      if (sub === "" && !typed) throw new Problem("no-name");
    };
    if (!(await attempt(isNamed, other.error, other.input)) || !(await claims.areGood())) return;
    const person = people.find((one) => one.sub === sub) ?? someone(typed, { owner: owner.input.checked, sso: sso.input.checked });
    await logIn({ ...person, ...claims.read() }, workspace.input.value);
  };
  return [
    h("h3", {}, t("signin.title")),
    form([who, elsewhere, workspace, h("p", { class: "hint" }, t("signin.password")), claims.element], t("signin.continue"), enter, null),
  ];
}

function personOf(sub, name, what) {
  const id = `who-${sub || "other"}`;
  return h("div", { class: "person" }, [
    h("input", { type: "radio", name: "who", id, value: sub, "aria-describedby": `${id}-what` }),
    h("label", { for: id }, h("strong", {}, name), h("span", { class: "hint", id: `${id}-what` }, what)),
  ]);
}

/** The fields for further claims of the login token. */
function more() {
  const email = field("email", t("signin.email"), { type: "email", autocomplete: "off", maxlength: 254, hint: t("signin.email-hint") });
  const reset = box("reset", t("signin.reset"), { hint: t("signin.reset-hint") });
  const element = h("details", { open: Boolean(email.input.value || reset.input.checked) }, h("summary", {}, t("signin.more")), email, reset);
  const typed = () => email.input.value.trim();
  const isReachable = async () => {
    if (!typed() || isAddress(typed())) return;
    element.open = true;
    throw new Problem("no-address");
  };
  const areGood = () => attempt(isReachable, email.error, email.input);
  const read = () => ({
    ...(typed() && { email: typed() }),
    resetAt: reset.input.checked ? Math.floor(hear() / 1000) - 3600 : undefined,
  });
  return { element, areGood, read };
}
