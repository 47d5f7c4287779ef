// The first screen after a login. It shows the user, and how they have logged in.

import { h } from "../dom.js";
import { entry } from "../flow.js";
import { session } from "../session.js";
import { goTo } from "../window.js";
import { day, t } from "../words.js";
import { workspaces } from "../people.js";
import { security } from "./security.js";

/** The home screen. */
export function home() {
  const workspace = workspaces[session.workspace];
  const by = entry.login?.enroll_by && day(new Date(entry.login.enroll_by));
  const how = entry.claims.mfa === "passed" ? entry.claims.amr[0] : entry.claims.reason;
  // The decision is about all workspaces in the login token. So another workspace than the open one may require a
  // factor.
  const several = session.who.workspaces.length > 1;
  return [
    h("h3", {}, t("home.title", { name: session.who.name })),
    h("p", {}, t("home.in", { workspace })),
    h("section", { class: "card" }, [
      h("h4", {}, t("home.how")),
      h("p", {}, t(how === "grace_period" && several ? "home.how.grace_period-several" : `home.how.${how}`, { workspace, by })),
      ["grace_period", "mfa_not_enabled"].includes(how) && toSecurity(how === "grace_period"),
    ]),
    h("section", { class: "card" }, h("h4", {}, t("home.next")), h("ul", {}, ["phone", "lose", "require"].map((one) => h("li", {}, t(`home.next.${one}`))))),
  ];
}

const toSecurity = (urgent) =>
  h("button", { type: "button", class: urgent ? "primary" : "", onclick: () => goTo(security) }, t("home.set-up"));
