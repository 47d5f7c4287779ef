// Takes the pictures of the documents again: `node pictures.js`, after `cargo build -p local`.

import { visit } from "./visitor.js";

const ends = [];
const test = { after: (end) => ends.push(end) };
const picture = (name) => new URL(name, import.meta.url).pathname;

// The app alone, as its users see it.
const phone = { width: 480, height: 1200, scale: 2 };
const enrolling = await visit(test, phone);
await enrolling.logIn();
await enrolling.goTo("security");
await enrolling.beginFirst("totp");
await enrolling.heading("enroll.totp.title");
await takeApp(enrolling, "enroll.png");

const user = await visit(test, phone);
await user.logIn();
await user.goTo("security");
await user.enrollApp({ first: true });
await user.heading("codes.title");
await takeApp(user, "codes.png");
await user.keepCodes();
await user.logOut();
await user.logIn();
await user.heading("challenge.title");
await user.type("136 028");
await takeApp(user, "login.png");

// The whole page, at a login with a code that the simulated phone has filled in.
const wide = await visit(test, { width: 1440, height: 900 });
await wide.logIn();
await wide.goTo("security");
const account = await wide.enrollPretended();
await wide.logOut();
await wide.logIn();
await wide.later("half");
await said(wide);
await wide.press("phone.fill-named", account);
await wide.page.screenshot({ path: picture("wide.png") });
for (const end of ends) await end();

/** Takes a picture of the app's window. */
async function takeApp(visitor, name) {
  await said(visitor);
  await visitor.app.locator(".window").screenshot({ path: picture(name) });
}

/** Waits until no message to the user is visible any more. */
async function said({ page }) {
  await page.waitForFunction(() => [...document.querySelectorAll("[role=log] p")].every((line) => getComputedStyle(line).opacity === "0"));
}
