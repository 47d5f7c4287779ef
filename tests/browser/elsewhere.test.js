// A user leaves a screen before its answer comes. The answer must not bring them back, and a one-time value must not be
// lost.

import assert from "node:assert/strict";
import { test } from "node:test";
import { totp } from "./totp.js";
import { visit } from "./visitor.js";

/**
 * Delays requests to this path. Returns a promise of the first request, and a function that lets them go and waits for
 * the answers.
 */
async function holdUp(visitor, path) {
  let release;
  const released = new Promise((resolve) => { release = resolve; });
  await visitor.page.route(`**${path}`, (route) => released.then(() => route.fallback()));
  const asked = visitor.page.waitForRequest(`**${path}`);
  const answered = async () => {
    // The answer is there once the calls behind it are shown. What follows from it happens a little later.
    const behind = [!path.startsWith("/dev/") && /\/dev\/calls\?/, /\/dev\/outbox$/].filter(Boolean).map((address) => visitor.page.waitForResponse(address));
    release();
    await Promise.all(behind.map(async (response) => (await response).finished()));
    await visitor.page.evaluate(() => new Promise((resolve) => { setTimeout(resolve, 300); }));
  };
  return { asked, answered };
}

/** Renames the app, and delays the request. */
async function renameHeldUp(visitor) {
  await visitor.press("factor.rename-named", { name: visitor.t("kind.totp") });
  await visitor.field("factor.name").fill("Old phone");
  const rename = await holdUp(visitor, "/v1/factors/*");
  await visitor.press("save");
  await rename.asked;
  return rename;
}

test("an answer that comes when its user has left brings nothing of theirs back", async (context) => {
  const visitor = await visit(context);
  const { secret } = await visitor.begin();
  const leaving = async (ask, path, leave) => {
    const { asked, answered } = await holdUp(visitor, path);
    await visitor.press(ask);
    await asked;
    await visitor.press(leave);
    await answered();
    await visitor.heading("signin.title");
    assert.equal(await visitor.button("nav.out").count(), 0);
  };
  await visitor.goTo("security");
  await leaving("codes.new", "/v1/recovery/codes", "nav.out");
  await visitor.logIn();
  await visitor.type(await visitor.next(secret));
  await leaving("challenge.check", "/verify", "challenge.back");
});

test("recovery codes stay until they are kept, whatever else is answered meanwhile", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  const rename = await renameHeldUp(visitor);
  await visitor.press("codes.new");
  await visitor.heading("codes.title");
  await rename.answered();
  await visitor.heading("codes.title");
  assert.equal(await visitor.app.getByRole("navigation").count(), 0, "nothing leads away from them");
  assert.equal((await visitor.keepCodes()).length, 10);
  await visitor.heading("security.title");
  await visitor.app.getByText("Old phone").waitFor();

  const codes = await holdUp(visitor, "/v1/recovery/codes");
  await visitor.press("codes.new");
  await codes.asked;
  await visitor.goTo("home");
  await visitor.heading("home.title", { name: "Ada" });
  await codes.answered();
  assert.equal((await visitor.keepCodes()).length, 10, "they come once, so they are shown also to who went elsewhere");
});

test("a change whose confirmation was left is not made, and its answer brings nobody back", async (context) => {
  const visitor = await visit(context);
  const { secret } = await visitor.begin();
  await visitor.later("quarter");
  for (const cancels of [false, true]) {
    await visitor.remove(visitor.t("kind.totp"));
    await visitor.heading("challenge.again");
    await visitor.type(await visitor.next(secret));
    const verify = await holdUp(visitor, "/verify");
    await visitor.press("challenge.check");
    await verify.asked;
    if (cancels) await visitor.press("cancel");
    await visitor.goTo("home");
    await verify.answered();
    await visitor.heading("home.title", { name: "Ada" });
    await visitor.goTo("security");
    await visitor.app.getByText(visitor.t("security.on")).waitFor();
  }
});

test("who goes elsewhere while the API refuses, or while a login token is renewed, is asked for nothing there", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.later("quarter");
  for (const path of ["/v1/recovery/codes", "/dev/tokens"]) {
    const held = await holdUp(visitor, path);
    await visitor.press("codes.new");
    await held.asked;
    await visitor.goTo("home");
    await held.answered();
    await visitor.heading("home.title", { name: "Ada" });
    await visitor.goTo("security");
    await visitor.app.getByText(visitor.t("security.on")).waitFor();
    await visitor.later("quarter");
  }
});

test("who has begun an app is not taken away from it by an answer to what was asked before", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  const rename = await renameHeldUp(visitor);
  await visitor.press("enroll.totp.add");
  await visitor.heading("enroll.totp.title");
  await rename.answered();
  await visitor.heading("enroll.totp.title");
});

test("who saves and goes on is not brought back, and it is saved", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.goTo("workspace");
  await visitor.field("policy.grace").fill("12");
  await visitor.field("policy.required").check();
  const policy = await holdUp(visitor, "/policy");
  await visitor.press("save");
  await policy.asked;
  await visitor.goTo("security");
  await policy.answered();
  await visitor.heading("security.title");
  await visitor.goTo("workspace");
  await visitor.app.getByText(/^Last changed by /).waitFor();
  assert.equal(await visitor.field("policy.grace").inputValue(), "12");
});

test("who must set up a method at the login may choose the other one while the first is begun, and come back to the choice", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.require({ grace: "0" });
  await visitor.logOut();
  await visitor.logIn("Bob");
  await visitor.heading("enroll.title");
  const app = await holdUp(visitor, "/v1/factors");
  await visitor.press("enroll.totp.add");
  await app.asked;
  await visitor.press("enroll.sms.add");
  await visitor.heading("enroll.sms.title");
  await app.answered();
  await visitor.heading("enroll.sms.title");
  await visitor.press("cancel");
  await visitor.heading("enroll.title");
  await visitor.press("challenge.back");
  await visitor.heading("signin.title");
});

test("who is asked for a code of a factor that was removed meanwhile is told to begin again, for nothing else works any more either", async (context) => {
  const visitor = await visit(context);
  const { secret } = await visitor.begin();
  const other = await visit(context, { at: visitor.url });
  await other.logIn();
  await visitor.remove(visitor.t("kind.totp"));
  await visitor.app.getByText(visitor.t("security.off")).waitFor();
  await other.prove(totp(secret, await other.now()));
  await other.told("problem.factor-not-found.code");
  await other.press("challenge.back");
  await other.logIn();
  await other.heading("home.title", { name: "Ada" });
});
