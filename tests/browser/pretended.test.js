// The parts that the page pretends beside the app: its users, their phone and their mailbox.

import assert from "node:assert/strict";
import { test } from "node:test";
import { visit } from "./visitor.js";

test("the first key on a fresh page leads to its top: to what skips to the app, and to the language", async (context) => {
  const visitor = await visit(context);
  await visitor.page.keyboard.press("Tab");
  await visitor.hasFocus(visitor.button("skip"));
  await visitor.page.keyboard.press("Tab");
  await visitor.hasFocus(visitor.page.getByRole("combobox", { name: visitor.t("language") }));
});

for (const [name, address] of [["Zoe Smith", "Zoe.Smith@example.com"], ["zoe@example.net", "zoe@example.net"], ["zoe@home", "zoe.home@example.com"], ["zoe@-home.example", "zoe.-home.example@example.com"]]) {
  test(`someone else has a mailbox, also by the name ${name}`, async (context) => {
    const visitor = await visit(context);
    await visitor.begin(name);
    await visitor.page.locator("#mailbox").getByText(`${address} ·`).first().waitFor();
  });
}

test("an address that is none is refused beside its field, also where that was closed", async (context) => {
  const visitor = await visit(context);
  await visitor.logIn("Ada", { email: "ada@home" });
  await visitor.told("problem.no-address");
  await visitor.app.getByText(visitor.t("signin.more")).click();
  await visitor.press("signin.continue");
  await visitor.told("problem.no-address");
  await visitor.isAccessible("an address that is none");
  await visitor.field("signin.email").fill("ada@example.net");
  await visitor.press("signin.continue");
  await visitor.heading("home.title", { name: "Ada" });
});

test("of what was scanned twice the newest comes first, and each has a name of its own", async (context) => {
  const visitor = await visit(context);
  await visitor.logIn();
  await visitor.goTo("security");
  await visitor.beginFirst("totp");
  await visitor.press("enroll.totp.pretend");
  await visitor.press("cancel");
  await visitor.beginFirst("totp");
  await visitor.press("enroll.totp.pretend");
  const [first, second] = ["Local App: ada@example.com", "Local App: ada@example.com (2)"];
  await visitor.button("phone.fill-named", { name: second }).waitFor();
  assert.deepEqual(await visitor.page.locator("#phone .accounts .who").allTextContents(), [second, first]);
  await visitor.isAccessible("two accounts of one name");
  await visitor.press("phone.fill-named", { name: second });
  await visitor.press("enroll.activate");
  await visitor.heading("codes.title");
});

test("what was sent from elsewhere is there when one comes back to this window", async (context) => {
  const visitor = await visit(context);
  const other = await visit(context, { at: visitor.url });
  await other.begin();
  assert.equal(await visitor.page.locator("#mailbox li").count(), 0);
  await visitor.page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await visitor.page.locator("#mailbox li").first().waitFor();
  await visitor.hears("outbox.new");
});
