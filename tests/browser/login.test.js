// Logins with each factor, and what can go wrong.

import assert from "node:assert/strict";
import { test } from "node:test";
import { wrong } from "./totp.js";
import { visit } from "./visitor.js";

test("an authenticator app is set up, and the next login asks for its code", async (context) => {
  const visitor = await visit(context);
  const { secret, codes } = await visitor.begin();
  assert.equal(new Set(codes).size, 10);
  await visitor.logOut();
  await visitor.logIn();
  await visitor.heading("challenge.title");
  await visitor.prove(await visitor.next(secret));
  await visitor.heading("home.title", { name: "Ada" });
  await visitor.app.getByText(visitor.t("home.how.otp")).waitFor();
});

test("the simulated phone scans the code and fills codes in", async (context) => {
  const visitor = await visit(context);
  await visitor.logIn();
  await visitor.heading("home.title", { name: "Ada" });
  await visitor.press("home.set-up");
  const account = await visitor.enrollPretended();
  await visitor.logOut();
  await visitor.logIn();
  await visitor.later("half");
  await visitor.press("phone.fill-named", account);
  await visitor.hasFocus(visitor.field("code.label"));
  await visitor.press("challenge.check");
  await visitor.heading("home.title", { name: "Ada" });
});

test("a wrong code says how many tries are left, then when to try again", async (context) => {
  const visitor = await visit(context);
  const { secret } = await visitor.begin();
  await visitor.logOut();
  await visitor.logIn();
  const good = await visitor.next(secret);
  const other = wrong(secret, await visitor.now());
  for (const left of [4, 3, 2, 1]) {
    await visitor.prove(other);
    await visitor.told("problem.left", { count: left });
    await visitor.hasFocus(visitor.field("code.label"));
    assert.equal(await visitor.field("code.label").getAttribute("aria-invalid"), "true");
  }
  await visitor.press("challenge.check");
  await visitor.told("problem.none-left");
  await visitor.prove(good);
  const said = await visitor.told("problem.too-many-attempts");
  const [again] = said.match(/Try again .+$/);
  await visitor.press("challenge.back");
  await visitor.logIn();
  await visitor.heading("challenge.title");
  const [note] = await visitor.app.locator(".note").filter({ hasText: /^Try again / }).allTextContents();
  const apart = Math.abs(seconds(note) - seconds(again));
  assert.ok(apart <= 1 || apart === 86_399, `a new login waits as long: ${note}, not ${again}`);
  await visitor.later("half");
  await visitor.later("half");
  await visitor.prove(await visitor.next(secret));
  await visitor.heading("home.title", { name: "Ada" });
});

/** The time at the end of a text, in seconds of the day. */
const seconds = (words) => words.match(/(\d\d):(\d\d):(\d\d)\.$/).slice(1).reduce((sum, part) => sum * 60 + Number(part), 0);

test("a code works once", async (context) => {
  const visitor = await visit(context);
  const { secret } = await visitor.begin();
  const code = await visitor.next(secret);
  for (const time of ["first", "second"]) {
    await visitor.logOut();
    await visitor.logIn();
    await visitor.prove(code);
    if (time === "first") await visitor.heading("home.title", { name: "Ada" });
    else await visitor.told("problem.code-used");
    if (time === "second") await visitor.press("challenge.back");
  }
});

test("a phone is texted, and a text logs in", async (context) => {
  const visitor = await visit(context);
  const hint = "+1 ••• ••• 0147";
  await visitor.logIn("Bob");
  await visitor.goTo("security");
  await visitor.beginFirst("sms");
  await visitor.heading("enroll.sms.title");
  for (const [number, why] of [["+44 20 7946 0000", ".country"], ["+1 800 555 0123", ""], ["+1 600 555 0123", ".voip"]]) {
    await visitor.field("enroll.sms.number").fill(number);
    await visitor.press("enroll.sms.begin");
    await visitor.told(`problem.phone-not-supported${why}`);
  }
  await visitor.field("enroll.sms.number").fill("+1 212 555 0147");
  await visitor.field("enroll.name").fill("Old phone");
  await visitor.press("enroll.sms.begin");
  await visitor.heading("enroll.sms.confirm");
  await visitor.press("text.send", { hint });
  await visitor.page.locator("#phone .texts li").first().waitFor();
  await visitor.hasFocus(visitor.field("code.label"));
  await visitor.press("text.again");
  await visitor.told("problem.too-many-texts");
  await visitor.fillFromText();
  await visitor.press("enroll.activate");
  await visitor.keepCodes();
  await visitor.logOut();
  await visitor.later("half");
  await visitor.logIn("Bob");
  await visitor.press("text.send", { hint });
  await visitor.fillFromText(2);
  await visitor.press("challenge.check");
  await visitor.app.getByText(visitor.t("home.how.sms")).waitFor();
});

test("who has an app and a phone logs in with either", async (context) => {
  const visitor = await visit(context);
  const { secret } = await visitor.begin();
  await visitor.enrollPhone();
  await visitor.heading("security.title");
  await visitor.logOut();
  const [app, phone, hint] = [visitor.t("kind.totp"), "Phone", "+1 ••• ••• 0123"];
  await visitor.logIn();
  await visitor.button("text.send", { hint }).waitFor();
  await visitor.press("challenge.way-totp", { name: app });
  await visitor.heading("challenge.title");
  await visitor.prove(await visitor.next(secret));
  await visitor.app.getByText(visitor.t("home.how.otp")).waitFor();
  await visitor.logOut();
  await visitor.logIn();
  await visitor.app.getByText(visitor.t("challenge.open-app", { name: app })).waitFor();
  await visitor.press("challenge.way-sms", { name: phone, hint });
  await visitor.press("text.send", { hint });
  await visitor.fillFromText(2);
  await visitor.press("challenge.check");
  await visitor.app.getByText(visitor.t("home.how.sms")).waitFor();
});

test("a phone that has answered STOP gets no text, and its user comes in another way", async (context) => {
  const visitor = await visit(context);
  const [code] = await visitor.beginByPhone();
  await visitor.logOut();
  await visitor.later("half");
  await visitor.ask("POST", "dev/opt-outs", { body: { phone: "+12125550147" } });
  await visitor.logIn("Bob");
  await visitor.press("text.send", { hint: "+1 ••• ••• 0147" });
  await visitor.told("problem.phone-opted-out");
  await visitor.press("challenge.use-recovery");
  await visitor.prove(code, "recovery.label");
  await visitor.heading("security.title");
});

test("a text that can't be sent says so, also after another one, and is sent when it is asked for again", async (context) => {
  const visitor = await visit(context);
  const hint = { hint: "+1 ••• ••• 0147" };
  const fails = () => visitor.ask("POST", "dev/faults", { body: { service: "sns", operation: "Publish", kind: "refuse", times: 1 } });
  const onItsWay = visitor.app.getByText(visitor.t("text.sent", hint).split(". ")[0]);
  await visitor.beginByPhone();
  await visitor.logOut();
  await visitor.later("half");
  visitor.witness.broken.push("/texts");
  await fails();
  await visitor.logIn("Bob");
  await visitor.press("text.send", hint);
  await visitor.told("problem.text-not-sent");
  await visitor.later("half");
  await visitor.press("text.send", hint);
  await onItsWay.waitFor();
  await visitor.later("half");
  await fails();
  await visitor.press("text.again");
  await visitor.told("problem.text-not-sent");
  assert.equal(await onItsWay.count(), 0);
  await visitor.later("half");
  await visitor.press("text.again");
  await visitor.fillFromText(3);
  await visitor.press("challenge.check");
  await visitor.heading("home.title", { name: "Bob" });
});

test("after ten texts in a day the page says until which day, and then a text logs in again", async (context) => {
  const visitor = await visit(context);
  const hint = "+1 ••• ••• 0147";
  const end = await visitor.nextWindow(86_400);
  await visitor.beginByPhone();
  const path = `v1/factors/${(await visitor.ask("POST", "v1/logins", { token: await visitor.token("bob") })).body.factors[0].id}/texts`;
  // Requests texts without the page, and skips the waits, until only the wait for another day is left.
  for (let after = 0; after <= 3600; ) {
    await visitor.ask("POST", "dev/clock", { body: { advance_seconds: after } });
    ({ after } = await visitor.ask("POST", path, { token: await visitor.token("bob") }));
  }
  await visitor.page.reload();
  await visitor.logIn("Bob");
  await visitor.press("text.send", { hint });
  await visitor.toldUntil("problem.too-many-texts", end);
  await visitor.press("challenge.back");
  await visitor.later("day");
  await visitor.logIn("Bob");
  await visitor.press("text.send", { hint });
  await visitor.fillFromText(11);
  await visitor.press("challenge.check");
  await visitor.heading("home.title", { name: "Bob" });
});

test("a login that AWS fails in says so at each step, and goes on with what was typed when it is tried again", async (context) => {
  const visitor = await visit(context);
  const { secret } = await visitor.begin();
  await visitor.logOut();
  // This login makes only one such call. Of the reads at the same time, another may fail without consequences.
  await visitor.awsFails("dynamodb", "BatchGetItem", "/logins");
  await visitor.logIn();
  await visitor.told("problem.temporarily-unavailable");
  await visitor.press("signin.continue");
  await visitor.heading("challenge.title");
  await visitor.type(await visitor.next(secret));
  for (const [why, service, operation, kind] of [
    ["temporarily-unavailable", "dynamodb", "UpdateItem"],
    ["temporarily-unavailable", "kms", "Decrypt"],
    ["internal", "kms", "Decrypt", "refuse"],
  ]) {
    await visitor.awsFails(service, operation, "/verify", kind);
    await visitor.press("challenge.check");
    await visitor.told(`problem.${why}`);
  }
  await visitor.press("challenge.check");
  await visitor.heading("home.title", { name: "Ada" });
});

test("a login that is left for too long starts over", async (context) => {
  const visitor = await visit(context);
  const { secret } = await visitor.begin();
  await visitor.logOut();
  await visitor.logIn();
  await visitor.heading("challenge.title");
  await visitor.later("quarter");
  await visitor.prove(await visitor.next(secret));
  await visitor.told("problem.login-over");
  await visitor.press("challenge.back");
  await visitor.heading("signin.title");
  await visitor.logInWith(secret);
});

test("a login token that is refused sends its user back to the login", async (context) => {
  const visitor = await visit(context);
  const { secret } = await visitor.begin();
  await visitor.logOut();
  await visitor.logIn();
  await visitor.heading("challenge.title");
  // The route stays. If a browser stops intercepting while the page still asks, that request may get no answer ever.
  let refused = false;
  await visitor.page.route(/\/verify$/, (route) => {
    if (refused) return route.fallback();
    refused = true;
    return route.fulfill({ status: 401, json: { message: "Unauthorized" } });
  });
  await visitor.prove(await visitor.next(secret));
  await visitor.told("problem.unauthorized");
  await visitor.press("challenge.back");
  await visitor.heading("signin.title");
  await visitor.logInWith(secret);
});

test("a reload forgets the session, and tells nothing old as new", async (context) => {
  const visitor = await visit(context);
  await visitor.logIn("Bob");
  await visitor.goTo("security");
  await visitor.enrollPhone({ first: true });
  await visitor.heading("codes.title");
  await visitor.page.reload();
  await visitor.title("signin.title").waitFor();
  await visitor.page.locator("#phone .texts li").waitFor();
  assert.equal(await visitor.button("nav.out").count(), 0);
  const before = visitor.witness.heard.length;
  await visitor.logIn("Ada");
  await visitor.heading("home.title", { name: "Ada" });
  assert.deepEqual(visitor.witness.heard.slice(before), [visitor.t("home.in", { workspace: "Acme" })]);
});

test("a user who comes by SSO is asked for nothing, and is told who manages two-step verification", async (context) => {
  const visitor = await visit(context);
  await visitor.logIn("Cleo");
  await visitor.app.getByText(visitor.t("home.how.sso")).waitFor();
  await visitor.goTo("security");
  await visitor.app.getByText(visitor.t("problem.sso-user")).waitFor();
  for (const key of ["enroll.totp.add", "enroll.sms.add", "codes.new"]) assert.equal(await visitor.button(key).count(), 0);
  assert.equal(visitor.witness.asked.filter((address) => address.endsWith("v1/factors")).length, 0, "nothing is asked that is refused");
});

test("who has an app is not asked for it at a login by SSO, and sees nothing of it there", async (context) => {
  const visitor = await visit(context);
  await visitor.begin("eve", { owner: true });
  await visitor.logOut();
  await visitor.logIn("eve", { owner: true, sso: true });
  await visitor.app.getByText(visitor.t("home.how.sso")).waitFor();
  await visitor.goTo("security");
  await visitor.app.getByText(visitor.t("problem.sso-user")).waitFor();
  assert.equal(await visitor.button("factor.remove-named", { name: visitor.t("kind.totp") }).count(), 0);
  await visitor.require({ grace: "3" });
});

test("a code that was texted to one login is wrong in another, and right where it was asked for", async (context) => {
  const visitor = await visit(context);
  await visitor.beginByPhone();
  await visitor.logOut();
  await visitor.later("half");
  await visitor.logIn("Bob");
  await visitor.press("text.send", { hint: "+1 ••• ••• 0147" });
  await visitor.app.getByText("Enter it here, on the page where you asked for it.").waitFor();
  await visitor.fillFromText(2);
  const other = await visit(context, { at: visitor.url });
  await other.logIn("Bob");
  await other.prove(await visitor.textedCode());
  await other.told("problem.code-rejected");
  await visitor.press("challenge.check");
  await visitor.heading("home.title", { name: "Bob" });
});

test("a login that ends within a minute is texted no code, and the page says to log in again", async (context) => {
  const visitor = await visit(context);
  await visitor.beginByPhone();
  await visitor.logOut();
  await visitor.logIn("Bob");
  await visitor.ask("POST", "dev/clock", { body: { advance_seconds: 530 } });
  await visitor.later("half");
  await visitor.press("text.send", { hint: "+1 ••• ••• 0147" });
  await visitor.told("problem.login-ends-soon");
});

test("in an open session a code is asked for with a login token that lasts, and is not tried with another", async (context) => {
  const visitor = await visit(context);
  const sent = (path) => visitor.witness.sent.filter((request) => request.startsWith("POST") && request.endsWith(path)).length;
  const step = async () => {
    await visitor.press("codes.new");
    await visitor.heading("challenge.again");
  };
  await visitor.beginByPhone();
  await visitor.ask("POST", "dev/clock", { body: { advance_seconds: 530 } });
  await visitor.later("half");
  await step();
  const before = sent("dev/tokens");
  await visitor.press("text.send", { hint: "+1 ••• ••• 0147" });
  await visitor.fillFromText(2);
  assert.equal(sent("dev/tokens"), before + 1, "the token had less than a minute left");
  await visitor.press("challenge.check");
  await visitor.keepCodes();

  await visitor.later("quarter");
  await step();
  await visitor.press("text.send", { hint: "+1 ••• ••• 0147" });
  await visitor.fillFromText(3);
  await visitor.later("quarter");
  const checked = sent("/verify");
  await visitor.press("challenge.check");
  await visitor.told("problem.code-expired");
  assert.equal(sent("/verify"), checked, "a code of the old token is no guess with a new one");
  await visitor.press("text.again");
  await visitor.fillFromText(4);
  await visitor.press("challenge.check");
  await visitor.heading("codes.title");
});

test("someone in two workspaces opens either", async (context) => {
  const visitor = await visit(context);
  for (const workspace of ["Acme", "Globex"]) {
    await visitor.app.getByRole("radio", { name: /^Dan/ }).check();
    await visitor.field("signin.workspace").selectOption(workspace);
    await visitor.press("signin.continue");
    await visitor.app.getByText(visitor.t("home.in", { workspace })).waitFor();
    assert.equal(await visitor.button("nav.workspace").count(), workspace === "Globex" ? 1 : 0, "who owns it may set it");
    await visitor.logOut();
  }
});

test("someone else may come, by any name", async (context) => {
  const visitor = await visit(context);
  await visitor.app.getByRole("radio", { name: new RegExp(`^${visitor.t("signin.other")}`) }).check();
  await visitor.press("signin.continue");
  await visitor.told("problem.no-name");
  await visitor.field("signin.name").fill("Zoë");
  await visitor.press("signin.continue");
  await visitor.told("problem.claim-invalid");
  await visitor.field("signin.name").fill("zoe");
  await visitor.press("signin.continue");
  await visitor.heading("home.title", { name: "zoe" });
});

test("a login goes by keyboard alone", async (context) => {
  const visitor = await visit(context);
  const { secret } = await visitor.begin();
  await visitor.logOut();
  const keys = visitor.page.keyboard;
  await keys.press("Tab");
  await visitor.hasFocus(visitor.app.getByRole("radio", { name: /^Ada/ }));
  await keys.press("ArrowDown");
  await keys.press("ArrowUp");
  await keys.press("Enter");
  await visitor.heading("challenge.title");
  const code = await visitor.next(secret);
  await visitor.title("challenge.title").focus();
  await keys.press("Tab");
  await visitor.hasFocus(visitor.field("code.label"));
  await keys.type(code);
  await keys.press("Enter");
  await visitor.heading("home.title", { name: "Ada" });
});

test("a code field is one that phones fill in", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.logOut();
  await visitor.logIn();
  await visitor.isFilledByPhones(visitor.field("code.label"));
});
