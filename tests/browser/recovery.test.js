// The phone is lost: the ways back in, and what the user repairs afterwards.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { wrong } from "./totp.js";
import { visit } from "./visitor.js";

test("a lost phone: a recovery code logs in, another app is added, and then the lost one is removed", async (context) => {
  const visitor = await visit(context);
  const { codes } = await visitor.begin();
  const [lost, found] = [visitor.t("kind.totp"), `${visitor.t("kind.totp")} 2`];
  await visitor.require({ grace: "0" });
  await visitor.logOut();
  await visitor.press("phone.lose");
  await visitor.logIn();
  await visitor.press("challenge.use-recovery");
  await visitor.heading("challenge.title");
  await visitor.prove("0000-0000-0000-0000", "recovery.label");
  await visitor.told("problem.code-rejected.recovery");
  await visitor.prove(codes[3].toUpperCase().replaceAll("-", " "), "recovery.label");
  await visitor.heading("security.title");
  await visitor.app.getByText(visitor.t("security.recovered.recovery")).waitFor();
  await visitor.app.getByText(visitor.t("codes.left", { count: 9 })).waitFor();
  await visitor.remove(lost);
  await visitor.heading("challenge.again");
  await visitor.app.getByText(visitor.t("challenge.why-factor")).waitFor();
  for (const way of ["recovery", "email"]) assert.equal(await visitor.button(`challenge.use-${way}`).count(), 0);
  await visitor.press("cancel");
  await visitor.told("problem.canceled");

  const secret = await visitor.enrollApp();
  await visitor.heading("security.title");
  await visitor.button("factor.remove-named", { name: found }).waitFor();
  await visitor.remove(lost);
  await visitor.hears("factor.removed", { name: lost });
  await visitor.button("factor.remove-named", { name: lost }).waitFor({ state: "detached" });
  await visitor.app.getByText(visitor.t("codes.left", { count: 9 })).waitFor();
  await visitor.logOut();
  await visitor.logIn();
  await visitor.app.getByText(visitor.t("challenge.open-app-named", { name: found })).waitFor();
  await visitor.prove(await visitor.next(secret));
  await visitor.heading("home.title", { name: "Ada" });
});

test("a code by email logs in", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.logOut();
  await visitor.logIn();
  await visitor.press("challenge.use-email");
  await visitor.press("email.send", { hint: "a•••@example.com" });
  await visitor.button("email.again").waitFor();
  await visitor.hasFocus(visitor.field("email.label"));
  await visitor.fillFromEmail();
  assert.match(await visitor.field("email.label").inputValue(), /^\w{4}-\w{4}$/);
  await visitor.press("challenge.check");
  await visitor.heading("security.title");
});

test("after an emailed code the lost app stays for a day, the page says until when, and then it is removed", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  const [lost, found] = [visitor.t("kind.totp"), `${visitor.t("kind.totp")} 2`];
  await visitor.logOut();
  await visitor.press("phone.lose");
  await visitor.logInByEmail();
  const secret = await visitor.enrollApp();
  await visitor.heading("security.title");
  await visitor.button("factor.remove-named", { name: found }).waitFor();
  await visitor.page.getByText(visitor.t("assertion.decoded"), { exact: true }).click();
  const claims = await visitor.page.locator("#assertion").getByText('"enrolled_by": "email"').textContent();
  const ready = Number(claims.match(/"factor_since": (\d+)/)[1]) + 86_400;
  const waits = visitor.app.getByText(visitor.t("factor.by-email").split("{")[0]);
  assert.equal(await waits.count(), 1, "the new app says that it waits, and the lost one does not");
  await visitor.remove(lost);
  await visitor.toldUntil("problem.factor-too-new", ready);
  await visitor.isAccessible("a factor that is too new");
  await visitor.goTo("security");
  await visitor.press("codes.new");
  await visitor.toldUntil("problem.factor-too-new", ready);

  await visitor.later("day");
  await visitor.goTo("security");
  await visitor.button("factor.remove-named", { name: lost }).waitFor();
  assert.equal(await waits.count(), 0);
  await visitor.remove(lost);
  await visitor.heading("challenge.again");
  await visitor.app.getByText(visitor.t("challenge.open-app-named", { name: found })).waitFor();
  await visitor.prove(await visitor.next(secret));
  await visitor.hears("factor.removed", { name: lost });
  await visitor.press("codes.new");
  await visitor.heading("codes.title");
});

test("a code that was emailed to one login is wrong in another, and right where it was asked for", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.logOut();
  await visitor.logIn();
  await visitor.press("challenge.use-email");
  await visitor.press("email.send", { hint: "a•••@example.com" });
  await visitor.app.getByText("Enter it here, on the page where you asked for it.").waitFor();
  await visitor.fillFromEmail();
  const other = await visit(context, { at: visitor.url });
  await other.logIn();
  await other.press("challenge.use-email");
  await other.prove(await visitor.field("email.label").inputValue(), "email.label");
  await other.told("problem.code-rejected.recovery");
  await visitor.press("challenge.check");
  await visitor.heading("security.title");
});

test("where emailed codes come to be forbidden, an app that was added with one no longer logs in, and a recovery code does", async (context) => {
  const visitor = await visit(context);
  const { codes } = await visitor.begin("Bob");
  await visitor.logOut();
  await visitor.press("phone.lose");
  await visitor.logInByEmail("Bob");
  const secret = await visitor.enrollApp();
  await visitor.heading("security.title");
  await visitor.later("day");
  await visitor.remove(visitor.t("kind.totp"));
  await visitor.prove(await visitor.next(secret));
  await visitor.hears("factor.removed");
  await visitor.logOut();
  await visitor.begin();
  await visitor.require({ grace: "0", emails: false });
  await visitor.logOut();

  await visitor.logIn("Bob");
  await visitor.heading("challenge.title");
  await visitor.app.getByText(visitor.t("challenge.forbidden-emailed")).waitFor();
  await visitor.isAccessible("a factor that is not accepted");
  assert.equal(await visitor.field("code.label").count(), 0);
  await visitor.prove(codes[0], "recovery.label");
  await visitor.heading("enroll.title");
  await visitor.app.getByText(visitor.t("enroll.other")).waitFor();
  await visitor.enrollApp();
  await visitor.heading("home.title", { name: "Bob" });
});

test("an emailed code that was guessed at five times is over, and another one is sent", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.logOut();
  await visitor.logIn();
  await visitor.press("challenge.use-email");
  await visitor.press("email.send", { hint: "a•••@example.com" });
  await visitor.button("email.again").waitFor();
  for (const _ of [1, 2, 3, 4, 5]) {
    await visitor.prove("0000-0000", "email.label");
    await visitor.told("problem.code-rejected.recovery");
  }
  await visitor.press("challenge.check");
  await visitor.told("problem.code-expired");
  for (const _ of ["30 seconds", "60 seconds"]) await visitor.later("half");
  await visitor.press("email.again");
  await visitor.page.locator("#mailbox li").nth(2).waitFor();
  await visitor.fillFromEmail();
  await visitor.press("challenge.check");
  await visitor.heading("security.title");
});

test("no code is emailed an hour after the password was reset", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.logOut();
  await visitor.app.getByText(visitor.t("signin.more")).click();
  await visitor.field("signin.reset").check();
  await visitor.logIn();
  await visitor.press("challenge.use-email");
  await visitor.press("email.send", { hint: "a•••@example.com" });
  await visitor.told("problem.email-recovery-held");
});

test("at a new address no code is emailed for a day, and the old address hears of it", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.logOut();
  const hint = "n•••@example.net";
  for (const day of ["first", "second"]) {
    await visitor.logIn("Ada", { email: "new@example.net" });
    await visitor.press("challenge.use-email");
    await visitor.press("email.send", { hint });
    if (day === "second") break;
    await visitor.told("problem.email-recovery-held");
    await visitor.page.locator("#mailbox li").first().getByText("ada@example.com ·").waitFor();
    await visitor.press("challenge.back");
    await visitor.later("day");
  }
  await visitor.button("email.again").waitFor();
  await visitor.page.locator("#mailbox li").first().getByText("new@example.net ·").waitFor();
  await visitor.fillFromEmail();
  await visitor.press("challenge.check");
  await visitor.heading("security.title");
});

/** Guesses `times` times, without the waits and without the page. The page would only show the same refusals again. */
async function guess(visitor, path, code, times) {
  for (let counted = 0; counted < times; ) {
    const { status, after } = await visitor.ask("POST", path, { token: await visitor.token("ada"), body: { code: await code() } });
    if (status === 422) counted += 1;
    else await visitor.ask("POST", "dev/clock", { body: { advance_seconds: after } });
  }
}

test("after fifty wrong codes the app's are locked, and a recovery code opens them again", async (context) => {
  const visitor = await visit(context);
  const { secret, codes } = await visitor.begin();
  const path = `v1/factors/${(await visitor.ask("POST", "v1/logins", { token: await visitor.token("ada") })).body.factors[0].id}/verify`;
  await guess(visitor, path, async () => wrong(secret, await visitor.now()), 50);
  await visitor.page.reload();
  await visitor.logIn();
  await visitor.prove(await visitor.next(secret));
  await visitor.told("problem.locked");
  await visitor.press("challenge.use-recovery");
  await visitor.prove(codes[0], "recovery.label");
  await visitor.heading("security.title");
  await visitor.logOut();
  await visitor.logInWith(secret);
});

test("after ninety-nine wrong recovery codes there is a wait, after a hundred they are locked, and an emailed code opens them again", async (context) => {
  const visitor = await visit(context);
  const { codes } = await visitor.begin();
  for (const [times, why] of [[99, "too-many-attempts"], [1, "locked.recovery"]]) {
    await guess(visitor, "v1/recovery/verify", () => "0000-0000-0000-0000", times);
    await visitor.page.reload();
    await visitor.logIn();
    await visitor.press("challenge.use-recovery");
    await visitor.prove(codes[0], "recovery.label");
    const said = await visitor.told(`problem.${why}`);
    assert.equal(/Try again .*at \d\d:\d\d:\d\d\.$/.test(said), times === 99, said);
  }
  await visitor.press("challenge.use-email");
  await visitor.press("email.send", { hint: "a•••@example.com" });
  await visitor.button("email.again").waitFor();
  await visitor.fillFromEmail();
  await visitor.press("challenge.check");
  await visitor.heading("security.title");
  await visitor.logOut();
  await visitor.logIn();
  await visitor.press("challenge.use-recovery");
  await visitor.prove(codes[0], "recovery.label");
  await visitor.app.getByText(visitor.t("codes.left", { count: 9 })).waitFor();
});

test("after three emails in an hour, and after five in a day, the page says until when, and then emails again", async (context) => {
  const visitor = await visit(context);
  const hint = "a•••@example.com";
  const end = await visitor.nextWindow(86_400);
  const askForOne = async () => {
    await visitor.logIn();
    await visitor.press("challenge.use-email");
    await visitor.press("email.send", { hint });
  };
  await visitor.begin();
  await visitor.logOut();
  await askForOne();
  for (const count of [2, 3, 4]) {
    await visitor.page.locator("#mailbox li").nth(count - 1).waitFor();
    for (const _ of ["30 seconds", "60 seconds"]) await visitor.later("half");
    await visitor.press("email.again");
  }
  await visitor.toldUntil("problem.too-many-emails", end - 86_400 + 3600);
  for (const advance_seconds of [3600, 60]) {
    await visitor.ask("POST", "dev/clock", { body: { advance_seconds } });
    assert.equal((await visitor.ask("POST", "v1/recovery/emails", { token: await visitor.token("ada") })).status, 202);
  }
  await visitor.page.reload();
  await askForOne();
  await visitor.toldUntil("problem.too-many-emails", end);
  await visitor.press("challenge.back");
  await visitor.later("day");
  await askForOne();
  await visitor.button("email.again").waitFor();
  await visitor.fillFromEmail();
  await visitor.press("challenge.check");
  await visitor.heading("security.title");
});

/** From now on, the identity provider says that the address is not verified. */
const unverified = ({ page, url }) =>
  page.route(`${url}dev/tokens`, (route) => route.continue({ postData: JSON.stringify({ ...route.request().postDataJSON(), email_verified: false }) }));

test("who has no verified address is offered no code by email", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.logOut();
  await unverified(visitor);
  await visitor.logIn();
  await visitor.button("challenge.use-recovery").waitFor();
  assert.equal(await visitor.button("challenge.use-email").count(), 0);
});

test("to an address that is no longer verified no code goes, the page says why, and a recovery code confirms instead", async (context) => {
  const visitor = await visit(context);
  const { codes } = await visitor.begin();
  await visitor.later("quarter");
  await visitor.press("enroll.totp.add");
  await visitor.press("challenge.use-email");
  await unverified(visitor);
  await visitor.later("quarter");
  await visitor.press("email.send", { hint: "a•••@example.com" });
  await visitor.told("problem.email-not-verified");
  await visitor.press("challenge.use-recovery");
  await visitor.prove(codes[0], "recovery.label");
  await visitor.heading("enroll.totp.title");
});

test("an email that AWS does not send, and a code that it fails to look at, are told, and nothing is lost", async (context) => {
  const visitor = await visit(context);
  const hint = "a•••@example.com";
  await visitor.begin();
  await visitor.logOut();
  await visitor.logIn();
  await visitor.press("challenge.use-email");
  await visitor.awsFails("ses", "SendEmail", "/emails", "refuse");
  await visitor.press("email.send", { hint });
  await visitor.told("problem.email-not-sent");
  await visitor.press("email.send", { hint });
  await visitor.button("email.again").waitFor();
  await visitor.fillFromEmail();
  await visitor.awsFails("kms", "GenerateMac", "/verify");
  await visitor.press("challenge.check");
  await visitor.told("problem.temporarily-unavailable");
  await visitor.press("challenge.check");
  await visitor.heading("security.title");
});

test("recovery codes are copied, downloaded, printed alone, and made again", async (context) => {
  const visitor = await visit(context);
  const { codes } = await visitor.begin();
  await visitor.press("codes.new");
  await visitor.heading("codes.title");
  const fresh = await visitor.app.locator("ol.codes code").allTextContents();
  assert.equal(fresh.filter((code) => codes.includes(code)).length, 0);

  await visitor.press("codes.on");
  await visitor.told("problem.codes-not-kept");

  await visitor.press("copy");
  await visitor.hears("copied");
  assert.equal(await visitor.page.evaluate(() => navigator.clipboard.readText()), fresh.join("\n"));

  const saving = visitor.page.waitForEvent("download");
  await visitor.press("download");
  const saved = await saving;
  assert.equal(saved.suggestedFilename(), "recovery-codes.txt");
  const file = await readFile(await saved.path(), "utf8");
  assert.ok(fresh.every((code) => file.includes(code)), file);

  await visitor.page.evaluate(() => (globalThis.print = () => (globalThis.printed = true)));
  await visitor.press("print");
  assert.ok(await visitor.page.evaluate(() => globalThis.printed));
  await visitor.page.emulateMedia({ media: "print" });
  const printed = await visitor.page.evaluate(() => document.body.innerText.trim().split(/\s*\n\s*/));
  assert.deepEqual(printed, [visitor.t("codes.paper", { user: "Ada" }), ...fresh]);
  await visitor.page.emulateMedia({ media: null });
});

test("in a session that is a while old, a change asks for a code, and is made when it is right", async (context) => {
  const visitor = await visit(context);
  const { secret } = await visitor.begin();
  await visitor.later("quarter");
  await visitor.press("codes.new");
  await visitor.heading("challenge.again");
  await visitor.press("cancel");
  await visitor.told("problem.canceled");
  await visitor.press("codes.new");
  await visitor.heading("challenge.again");
  await visitor.prove(await visitor.next(secret));
  await visitor.keepCodes();
  await visitor.app.getByText(visitor.t("codes.left", { count: 10 })).waitFor();
});

test("in a session that is a while old, a recovery code confirms that another app is added, and that one removes the first", async (context) => {
  const visitor = await visit(context);
  const { codes } = await visitor.begin();
  const lost = visitor.t("kind.totp");
  await visitor.later("quarter");
  await visitor.remove(lost);
  await visitor.heading("challenge.again");
  assert.equal(await visitor.button("challenge.use-recovery").count(), 0, "no recovery code removes an app");
  await visitor.press("cancel");
  await visitor.press("enroll.totp.add");
  await visitor.heading("challenge.again");
  await visitor.press("challenge.use-recovery");
  await visitor.prove(codes[0], "recovery.label");
  await visitor.finishApp();
  await visitor.heading("security.title");
  await visitor.app.getByText(visitor.t("codes.left", { count: 9 })).waitFor();
  await visitor.remove(lost);
  await visitor.hears("factor.removed", { name: lost });
});

test("a recovery code that was used to log in still adds an app after a change that it does not confirm was canceled", async (context) => {
  const visitor = await visit(context);
  const { codes } = await visitor.begin();
  await visitor.logOut();
  await visitor.logIn();
  await visitor.press("challenge.use-recovery");
  await visitor.prove(codes[0], "recovery.label");
  await visitor.heading("security.title");
  await visitor.press("codes.new");
  await visitor.heading("challenge.again");
  await visitor.press("cancel");
  await visitor.told("problem.canceled");
  await visitor.enrollApp();
  await visitor.heading("security.title");
  await visitor.press("codes.new");
  await visitor.heading("codes.title");
});

test("who chooses another language while a change asks for a code, and cancels, is told in it that nothing was changed", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.later("quarter");
  await visitor.press("codes.new");
  await visitor.heading("challenge.again");
  await visitor.speak("fr");
  await visitor.title("challenge.again").waitFor();
  await visitor.press("cancel");
  await visitor.heading("security.title");
  await visitor.sees("problem.canceled");
  await visitor.hears("problem.canceled");
});

test("a factor is given another name", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.press("factor.rename-named", { name: visitor.t("kind.totp") });
  await visitor.field("factor.name").fill("Work phone");
  await visitor.press("save");
  await visitor.button("factor.remove-named", { name: "Work phone" }).waitFor();
  await visitor.heading("security.title");
  await visitor.press("factor.rename-named", { name: "Work phone" });
  await visitor.hasFocus(visitor.field("factor.name"));
  await visitor.press("cancel");
  await visitor.heading("security.title");
  await visitor.button("factor.rename-named", { name: "Work phone" }).waitFor();
});

test("who has few recovery codes left is told so, until they make new ones", async (context) => {
  const visitor = await visit(context);
  const { secret, codes } = await visitor.begin();
  for (const code of codes.slice(0, 8)) {
    const redeemed = await visitor.ask("POST", "v1/recovery/verify", { body: { code }, token: await visitor.token("ada") });
    assert.equal(redeemed.status, 200);
  }
  await visitor.logOut();
  await visitor.logInWith(secret);
  await visitor.goTo("security");
  const low = visitor.app.getByText(visitor.t("codes.low"));
  await low.waitFor();
  await visitor.press("codes.new");
  await visitor.heading("codes.title");
  await visitor.keepCodes();
  await visitor.app.getByText(visitor.t("codes.left", { count: 10 })).waitFor();
  assert.equal(await low.count(), 0);
});
