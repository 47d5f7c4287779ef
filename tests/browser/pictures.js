// Takes the pictures of the documents again: `node pictures.js`, after `cargo build -p local`.

import { visit } from "./visitor.js";

const ends = [];
const picture = (name) => new URL(name, import.meta.url).pathname;

const wide = await visit({ after: (end) => ends.push(end) }, { width: 1440, height: 900 });
await loginByApp(wide);
await said(wide);
await wide.page.screenshot({ path: picture("wide.png") });

const narrow = await visit({ after: (end) => ends.push(end) }, { width: 400, height: 900, scheme: "dark" });
await narrow.logIn();
await narrow.goTo("security");
await narrow.beginFirst("totp");
await narrow.heading("enroll.totp.title");
await narrow.app.locator(".window").evaluate((element) => element.scrollIntoView());
await said(narrow);
await narrow.page.screenshot({ path: picture("narrow.png") });
for (const end of ends) await end();

/** Up to a second login, with a code that the pretended phone has filled in. */
async function loginByApp(visitor) {
  await visitor.logIn();
  await visitor.goTo("security");
  const account = await visitor.enrolPretended();
  await visitor.logOut();
  await visitor.logIn();
  await visitor.later("half");
  await visitor.press("phone.fill-named", account);
}

/** Waits until no message to the user is visible any more. */
async function said({ page }) {
  await page.waitForFunction(() => [...document.querySelectorAll("[role=log] p")].every((line) => getComputedStyle(line).opacity === "0"));
}
