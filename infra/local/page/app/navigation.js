// The app's menu.

import { h } from "../dom.js";
import { logOut } from "../flow.js";
import { workspaces } from "../people.js";
import { session } from "../session.js";
import { goTo, showing } from "../window.js";
import { t } from "../words.js";
import { codes } from "./codes.js";
import { home } from "./home.js";
import { security } from "./security.js";
import { workspace } from "./workspace.js";

/** The menu. There is none before the session is open, and none on the screen with new recovery codes. */
export function navigation() {
  if (!session.open || showing(codes)) return null;
  const screens = { home, security };
  if (session.who.owned.includes(session.workspace)) screens.workspace = workspace;
  const items = Object.entries(screens).map(([name, screen]) =>
    h("li", {}, h("button", { type: "button", "aria-current": showing(screen) && "page", onclick: () => goTo(screen) }, t(`nav.${name}`))),
  );
  const who = t("nav.who", { name: session.who.name, workspace: workspaces[session.workspace] });
  return h("nav", { class: "menu", "aria-label": t("nav.title") }, [
    h("ul", {}, items),
    h("div", { class: "who" }, h("span", {}, who), h("button", { type: "button", class: "link", onclick: logOut }, t("nav.out"))),
  ]);
}
