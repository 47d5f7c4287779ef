// The screen that asks for the password again, in an open session. The password is simulated, as at the login.

import { h } from "../dom.js";
import { form } from "../forms.js";
import { t } from "../words.js";

/** Asks for the password. It calls `back` with whether the user gave it. */
export function password(back) {
  return [
    h("h3", {}, t("password.title")),
    h("p", {}, t("password.why")),
    form([h("p", { class: "hint" }, t("password.pretended"))], t("password.give"), async () => back(true), null),
    h("p", {}, h("button", { type: "button", class: "link", onclick: () => back(false) }, t("cancel"))),
  ];
}
