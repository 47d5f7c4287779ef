// A workspace requires MFA: its owner sets that, and its members meet it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { visit } from "./visitor.js";

test("who has no second factor can't require one of everyone", async (context) => {
  const visitor = await visit(context);
  await visitor.logIn();
  await visitor.goTo("workspace");
  await visitor.field("policy.required").check();
  await visitor.press("save");
  await visitor.told("problem.owner-needs-mfa");
  await visitor.press("members.show");
  await visitor.told("problem.no-factor");
});

test("required with days of grace: a member is told until when, and a week later must set it up", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.require();
  await visitor.app.getByText(/^Two-step verification is required from /).waitFor();
  await visitor.logOut();

  await visitor.logIn("Bob");
  await visitor.heading("home.title", { name: "Bob" });
  await visitor.app.getByText(/Acme requires two-step verification\. Set it up by /).waitFor();
  await visitor.logOut();

  await visitor.later("week");
  await visitor.later("day");
  await visitor.logIn("Bob");
  await visitor.heading("enroll.title");
  await visitor.app.getByText(visitor.t("enroll.required")).waitFor();
  await visitor.enrollApp();
  await visitor.keepCodes();
  await visitor.heading("home.title", { name: "Bob" });
  await visitor.goTo("security");
  await visitor.remove(visitor.t("kind.totp"));
  const why = await visitor.told("problem.last-factor");
  const until = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", year: "numeric" });
  // A workspace binds until the end of the 90th day after the login, in UTC.
  const end = (Math.floor((await visitor.now()) / 86_400) + 91) * 86_400;
  assert.ok(why.includes(`This applies until ${until.format(end * 1000)}, `), why);
});

test("days of grace that are out of range are refused beside their field, and nothing is saved", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.goTo("workspace");
  const days = visitor.field("policy.grace");
  for (const wrong of ["31", "-1", "1.5", ""]) {
    await days.fill(wrong);
    await visitor.press("save");
    await visitor.told("problem.days-out-of-range");
    await visitor.hasFocus(days);
    assert.equal(await days.getAttribute("aria-invalid"), "true");
    const described = (await days.getAttribute("aria-describedby")).split(" ").map((id) => `#${id}`).join(", ");
    await visitor.app.locator(described).filter({ hasText: visitor.t("problem.days-out-of-range") }).waitFor();
  }
  assert.equal(visitor.witness.sent.filter((request) => request.startsWith("PUT")).length, 0);
  await days.fill("30");
  await visitor.press("save");
  await visitor.app.getByText(/^Last changed by /).waitFor();
  assert.equal(await days.inputValue(), "30");
});

test("who is in two workspaces is not told that the one they opened requires what the other does", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.require({ grace: "7" });
  await visitor.logOut();
  const open = async () => {
    await visitor.app.getByRole("radio", { name: /^Dan/ }).check();
    await visitor.field("signin.workspace").selectOption("Globex");
    await visitor.press("signin.continue");
  };
  await open();
  await visitor.heading("home.title", { name: "Dan" });
  await visitor.app.getByText(/One of your workspaces requires two-step verification\. Set it up by /).waitFor();
  assert.equal(await visitor.app.getByText(/Globex requires/).count(), 0);
  await visitor.logOut();
  await visitor.later("week");
  await visitor.later("day");
  await open();
  await visitor.heading("enroll.title");
});

test("texts are no longer allowed: who has nothing else proves who they are, and sets up an app", async (context) => {
  const visitor = await visit(context);
  await visitor.beginByPhone();
  await visitor.logOut();

  await visitor.begin();
  await visitor.require({ grace: "0", texts: false });
  await visitor.logOut();

  await visitor.logIn("Bob");
  await visitor.app.getByText(visitor.t("challenge.forbidden")).waitFor();
  await visitor.press("text.send", { hint: "+1 ••• ••• 0147" });
  await visitor.fillFromText(2);
  await visitor.press("challenge.check");
  await visitor.heading("enroll.title");
  await visitor.page.getByText(visitor.t("assertion.bad")).waitFor();
  assert.equal(await visitor.button("enroll.sms.add").count(), 0);
  await visitor.enrollApp();
  await visitor.heading("home.title", { name: "Bob" });
});

/** Bob, whose workspace forbids texts while he types the code of one. */
async function forbiddenMeanwhile(context) {
  const visitor = await visit(context);
  await visitor.beginByPhone();
  await visitor.logOut();
  await visitor.later("half");
  await visitor.logIn("Bob");
  await visitor.press("text.send", { hint: "+1 ••• ••• 0147" });
  await visitor.fillFromText(2);
  const owner = await visit(context, { at: visitor.url });
  await owner.begin();
  await owner.require({ grace: "0", texts: false });
  return visitor;
}

test("texts are no longer allowed while a phone's code is typed: it is an app that is offered then, and no phone", async (context) => {
  const visitor = await forbiddenMeanwhile(context);
  await visitor.press("challenge.check");
  await visitor.heading("enroll.title");
  assert.equal(await visitor.button("enroll.sms.add").count(), 0);
  await visitor.enrollApp();
  await visitor.heading("home.title", { name: "Bob" });
});

test("where what is allowed by now is not to be had, a code that was right leads on by what was allowed before", async (context) => {
  const visitor = await forbiddenMeanwhile(context);
  await visitor.breaks("v1/logins");
  await visitor.press("challenge.check");
  await visitor.heading("enroll.title");
  await visitor.enrollApp();
  await visitor.heading("home.title", { name: "Bob" });
});

test("texts are no longer allowed: in an open session a phone confirms nothing but the setting up of an app, and the page says so", async (context) => {
  const visitor = await visit(context);
  await visitor.beginByPhone();
  const owner = await visit(context, { at: visitor.url });
  await owner.begin();
  await owner.require({ grace: "0", texts: false });

  await visitor.later("quarter");
  await visitor.press("codes.new");
  await visitor.heading("challenge.again");
  await visitor.app.getByText(visitor.t("challenge.forbidden")).waitFor();
  await visitor.press("text.send", { hint: "+1 ••• ••• 0147" });
  await visitor.fillFromText(2);
  await visitor.press("challenge.check");
  await visitor.told("problem.enroll-only");
  await visitor.enrollApp();
  await visitor.heading("security.title");
  await visitor.remove("Phone +1 ••• ••• 0147");
  await visitor.hears("factor.removed", { name: "Phone" });
});

test("what AWS fails to read or to save is told, still stands in its form, and is read and saved when it is tried again", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.awsFails("dynamodb", "GetItem", "/policy");
  await visitor.goTo("workspace");
  await visitor.told("problem.temporarily-unavailable");
  assert.equal(await visitor.app.getByText(visitor.t("loading")).count(), 0, "nothing is on its way any more");
  await visitor.goTo("workspace");
  await visitor.field("policy.grace").fill("3");
  await visitor.awsFails("dynamodb", "PutItem", "/policy");
  await visitor.press("save");
  await visitor.told("problem.temporarily-unavailable");
  await visitor.press("save");
  await visitor.hears("policy.saved");
  assert.equal(await visitor.field("policy.grace").inputValue(), "3");
});

test("an owner sees who has MFA and who has not", async (context) => {
  const visitor = await visit(context);
  for (const name of ["Bob", "Cleo"]) {
    await visitor.logIn(name);
    await visitor.heading("home.title", { name });
    await visitor.logOut();
  }
  await visitor.begin();
  await visitor.goTo("workspace");
  await visitor.press("members.show");
  await visitor.app.getByRole("table", { name: visitor.t("members.summary", { mfa: 1, none: 1, sso: 1 }) }).waitFor();
  assert.deepEqual(await visitor.app.getByRole("rowheader").allTextContents(), ["ada", "bob", "cleo"]);
  await visitor.field("members.which").selectOption(visitor.t("members.none"));
  await visitor.press("members.show");
  await visitor.app.getByRole("rowheader", { name: "ada" }).waitFor({ state: "detached" });
  assert.deepEqual(await visitor.app.getByRole("rowheader").allTextContents(), ["bob"]);
});

test("of two owners who change the same at once, the second is told, sees what the first one did, and changes that", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  const other = await visit(context, { at: visitor.url });
  await other.begin("eve", { owner: true });
  await visitor.goTo("workspace");
  await visitor.field("policy.required").check();
  await other.require({ grace: "3" });
  await visitor.press("save");
  await visitor.told("problem.policy-changed");
  await visitor.goTo("workspace");
  await visitor.app.getByText(/^Last changed by eve/).waitFor();
  assert.equal(await visitor.field("policy.grace").inputValue(), "3");
  await visitor.field("policy.grace").fill("5");
  await visitor.press("save");
  await visitor.app.getByText(/^Last changed by ada/).waitFor();
});

test("an owner who comes by SSO requires MFA of everyone, and is asked for no code, also in a session that is a while old", async (context) => {
  const visitor = await visit(context);
  await visitor.logIn("eve", { owner: true, sso: true });
  await visitor.app.getByText(visitor.t("home.how.sso")).waitFor();
  await visitor.later("quarter");
  await visitor.require({ grace: "3" });
  await visitor.app.getByText(/^Last changed by eve/).waitFor();
  assert.equal(await visitor.field("policy.grace").inputValue(), "3");
  await visitor.press("members.show");
  await visitor.app.getByRole("table", { name: visitor.t("members.summary", { mfa: 0, none: 0, sso: 1 }) }).waitFor();
  await visitor.logOut();
  await visitor.logIn("Bob");
  await visitor.app.getByText(/Acme requires two-step verification\. Set it up by /).waitFor();
});

test("where a workspace forbids codes by email, none is offered", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.require({ grace: "0", emails: false });
  await visitor.logOut();
  await visitor.logIn();
  await visitor.heading("challenge.title");
  await visitor.button("challenge.use-recovery").waitFor();
  assert.equal(await visitor.button("challenge.use-email").count(), 0);
});

test("of more than a hundred members an owner sees one page after the other", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  const names = Array.from({ length: 120 }, (_, number) => `member-${String(number).padStart(3, "0")}`);
  // One login after another, because a login waits at most two seconds for others to update the workspace's summary.
  for (const name of names) await visitor.ask("POST", "v1/logins", { token: await visitor.token(name) });
  await visitor.goTo("workspace");
  await visitor.press("members.show");
  await visitor.hears("members.summary", { mfa: 1, none: 120, sso: 0 });
  assert.equal(await visitor.app.getByRole("rowheader").count(), 100);
  await visitor.press("members.more");
  await visitor.hears("members.shown", { count: 121 });
  assert.deepEqual(await visitor.app.getByRole("rowheader").allTextContents(), ["ada", ...names]);
  assert.equal(await visitor.button("members.more").count(), 0);
  await visitor.hasFocus(visitor.app.getByRole("group", { name: visitor.t("members.title") }));
});

test("an owner who no longer requires it lets members in without", async (context) => {
  const visitor = await visit(context);
  const { secret } = await visitor.begin();
  await visitor.require({ grace: "0" });
  await visitor.logOut();
  await visitor.logIn("Bob");
  await visitor.heading("enroll.title");
  await visitor.page.reload();

  await visitor.logInWith(secret);
  await visitor.goTo("workspace");
  await visitor.field("policy.required").uncheck();
  await visitor.press("save");
  await visitor.hears("policy.saved");
  await visitor.logOut();

  await visitor.logIn("Bob");
  await visitor.heading("home.title", { name: "Bob" });
});
