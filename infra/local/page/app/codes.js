// The screen that shows new recovery codes once, to copy, print or download.

import { button, copy, h, say } from "../dom.js";
import { box, form } from "../forms.js";
import { Problem } from "../api.js";
import { session } from "../session.js";
import { t } from "../words.js";

/** Shows recovery codes. It calls `on` after the user has confirmed that they have stored the codes. */
export function codes(fresh, on) {
  const kept = box("kept", t("codes.kept"));
  const error = h("p", { class: "error", role: "alert" });
  const go = form([kept, error], t("codes.on"), async () => {
    if (!kept.input.checked) throw new Problem("codes-not-kept");
    on();
  }, { error, input: kept.input });
  return [
    h("h3", {}, t("codes.title")),
    h("p", {}, t("codes.why")),
    h("div", { class: "to-print" }, h("p", { class: "for-paper" }, t("codes.paper", { user: session.who.name })), h("ol", { class: "codes" }, fresh.map((code) => h("li", {}, h("code", {}, code))))),
    h("div", { class: "actions" }, [
      button(t("copy"), () => copy(fresh.join("\n"))),
      button(t("print"), async () => window.print()),
      button(t("download"), async () => download(fresh)),
    ]),
    go,
  ];
}

/** Saves the codes as a text file. The URL of the data in memory is revoked at once. */
function download(fresh) {
  const text = [t("codes.paper", { user: session.who.name }), "", ...fresh, ""].join("\n");
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  h("a", { href: url, download: t("codes.file") }).click();
  URL.revokeObjectURL(url);
  say(t("downloaded"));
}
