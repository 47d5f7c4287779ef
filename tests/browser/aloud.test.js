// What a screen reader reads out at each step, from the page's live regions. On a new screen, it reads the heading,
// which has the focus.

import assert from "node:assert/strict";
import { test } from "node:test";
import { visit } from "./visitor.js";

test("each step is said aloud, and nothing that is said is lost to what is said next", async (context) => {
  const visitor = await visit(context);
  const hint = "+1 ••• ••• 0147";
  await visitor.logIn("Bob");
  await visitor.heading("home.title", { name: "Bob" });
  await visitor.hears("home.in", { workspace: "Acme" });
  await visitor.goTo("security");
  await visitor.enrollPhone({ first: true });
  await visitor.hears("outbox.new");
  await visitor.hears("text.sent", { hint });
  await visitor.hears("outbox.new");
  await visitor.hears("enroll.done");
  await visitor.heading("codes.title");
  await visitor.press("codes.on");
  await visitor.hears("problem.codes-not-kept");
  await visitor.press("copy");
  await visitor.hears("copied");
  await visitor.press("copy");
  await visitor.hears("copied");
  const said = visitor.page.getByRole("log");
  assert.equal(await said.count(), 1, "there is one place where it is said");
  assert.equal(await said.getByText(visitor.t("copied"), { exact: true }).count(), 2, "what was said before is still there to be read out");
  await visitor.press("download");
  await visitor.hears("downloaded");
  await visitor.keepCodes();
  await visitor.heading("security.title");
  await visitor.logOut();

  await visitor.later("half");
  await visitor.hears("clock.now");
  await visitor.logIn("Bob");
  await visitor.heading("challenge.title");
  await visitor.press("text.send", { hint });
  await visitor.hears("outbox.new");
  await visitor.hears("text.sent", { hint });
  await visitor.prove("000000");
  await visitor.hears("problem.code-rejected");
  await visitor.press("challenge.use-email");
  await visitor.press("email.send", { hint: "b•••@example.com" });
  await visitor.hears("outbox.new");
  await visitor.hears("email.sent", { hint: "b•••@example.com" });
  await visitor.fillFromEmail();
  await visitor.press("challenge.check");
  await visitor.hears("outbox.new");
  await visitor.hears("recovery.left", { count: 10 });
  await visitor.hears("home.in", { workspace: "Acme" });

  await visitor.heading("security.title");
  await visitor.enrollApp();
  await visitor.hears("enroll.done");
  await visitor.heading("security.title");
  await visitor.press("codes.new");
  await visitor.hears("problem.factor-too-new");
});

test("what is done with the simulated phone and in the settings is said aloud too", async (context) => {
  const visitor = await visit(context);
  await visitor.logIn();
  await visitor.goTo("security");
  const account = await visitor.enrollPretended();
  await visitor.hears("enroll.totp.pretended");
  await visitor.hears("enroll.done");
  await visitor.heading("security.title");
  await visitor.press("phone.fill-named", account);
  await visitor.hears("phone.nothing-asked");
  await visitor.press("factor.rename-named", { name: visitor.t("kind.totp") });
  await visitor.field("factor.name").fill("Old phone");
  await visitor.press("save");
  await visitor.hears("factor.renamed");
  await visitor.require();
  await visitor.press("members.show");
  await visitor.hears("members.summary", { mfa: 1, none: 0, sso: 0 });
  await visitor.press("phone.lose");
  await visitor.hears("phone.lost");
});
