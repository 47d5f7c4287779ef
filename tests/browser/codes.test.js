// Codes: how the page asks for them, how users type and paste them, and what it says about wrong ones.

import assert from "node:assert/strict";
import { test } from "node:test";
import { visit } from "./visitor.js";

test("what is wrong with a recovery code is said of recovery codes, and not as of an app's", async (context) => {
  const visitor = await visit(context);
  const { codes } = await visitor.begin();
  assert.equal((await visitor.ask("POST", "v1/recovery/verify", { body: { code: codes[0] }, token: await visitor.token("ada") })).status, 200);
  await visitor.logOut();
  await visitor.logIn();
  await visitor.press("challenge.use-recovery");
  for (const [code, why] of [["k3xq", "invalid-request"], ["0000-0000-0000-0000", "code-rejected"], [codes[0], "code-used"]]) {
    await visitor.prove(code, "recovery.label");
    await visitor.told(`problem.${why}.recovery`);
  }
  await visitor.isAccessible("a used recovery code");
});

test("a code of another form is told the form that it has: six digits", async (context) => {
  const visitor = await visit(context);
  const { secret } = await visitor.begin();
  await visitor.press("enroll.totp.add");
  await visitor.type("12345");
  await visitor.press("enroll.activate");
  await visitor.told("problem.invalid-request.code");
  await visitor.logOut();
  await visitor.logIn();
  await visitor.prove("12345");
  await visitor.told("problem.invalid-request.code");
  await visitor.prove(await visitor.next(secret));
  await visitor.heading("home.title", { name: "Ada" });
});

test("of a whole text that is pasted the field takes the code, and of one without a code nothing", async (context) => {
  const visitor = await visit(context);
  const { secret } = await visitor.begin();
  await visitor.logOut();
  await visitor.logIn();
  const field = visitor.field("code.label");
  const paste = async (text, before = "") => {
    await visitor.page.evaluate((copied) => navigator.clipboard.writeText(copied), text);
    await field.fill(before);
    await field.press("ControlOrMeta+v");
    return field.inputValue();
  };
  const said = async () => (await visitor.app.getByRole("alert").allTextContents()).join("");
  for (const [pasted, held] of [
    ["Your Local App code is 123456. Don’t share it.", "123456"],
    ["Code : 234 567", "234567"],
    ["Your code is 677001. Call +1 415 555 0123.", "677001"],
    ["Call (415) 555-0123. Your code is 677\u2011001.\n\n@app.example.com #677001\n", "677001"],
    ["\u2068Ｇ－６７７００１\u2069\n", "677001"],
    ["12345", "12345"],
    ["+1 415 555 0123", "+1 415 555 0123"],
  ]) {
    assert.equal(await paste(pasted), held, pasted);
  }
  assert.equal(await paste("001", "677"), "677001");
  assert.equal(await said(), "");
  // Cut to the length of the field, each would leave six digits in it.
  for (const none of ["Order no. 1234567890", "Code? 677001 or 741 741?", "of 2026-11-30, at $123,456.00"]) {
    assert.equal(await paste(none, "12"), "12", none);
    await visitor.told("problem.invalid-request.code");
    await visitor.isAccessible("a text without a code");
  }
  const code = await visitor.next(secret);
  assert.equal(await paste(`Your code is ${code}. Call +1 415 555 0123.`), code);
  assert.equal(await said(), "");
  await visitor.press("challenge.check");
  await visitor.heading("home.title", { name: "Ada" });
});

test("that a code is on its way is still told in another language, for a text and for an email", async (context) => {
  const visitor = await visit(context);
  const hint = "+1 ••• ••• 0147";
  await visitor.beginByPhone();
  await visitor.logOut();
  await visitor.later("half");
  await visitor.logIn("Bob");
  for (const [what, to, other] of [["text", hint, "fr"], ["email", "b•••@example.com", "es"]]) {
    if (what === "email") await visitor.press("challenge.use-email");
    await visitor.press(`${what}.send`, { hint: to });
    await visitor.button(`${what}.again`).waitFor();
    await visitor.speak(other);
    await visitor.title("challenge.title").waitFor();
    await visitor.app.locator(".note").getByText(visitor.t(`${what}.sent`, { hint: to }).split(". ")[0]).waitFor();
    await visitor.button(`${what}.again`).waitFor();
    await visitor.isAccessible(`a code that is on its way, ${other}`);
  }
});

test("an app that nobody has named is not called by what it is twice, whatever the language that it was set up in", async (context) => {
  const visitor = await visit(context, { tag: "fr" });
  const { secret } = await visitor.begin();
  await visitor.logOut();
  await visitor.speak("en");
  await visitor.logIn();
  await visitor.app.getByText("Open your authenticator app and enter the code that it shows.", { exact: true }).waitFor();
  await visitor.press("challenge.use-recovery");
  await visitor.app.getByRole("button", { name: "Use the authenticator app", exact: true }).click();
  await visitor.prove(await visitor.next(secret));
  await visitor.heading("home.title", { name: "Ada" });
});

test("of two apps that nobody has named the challenge says which one it asks", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.later("half");
  await visitor.enrollApp();
  const [first, second] = [visitor.t("kind.totp"), `${visitor.t("kind.totp")} 2`];
  await visitor.button("factor.remove-named", { name: second }).waitFor();
  await visitor.logOut();
  await visitor.logIn();
  await visitor.app.getByText(visitor.t("challenge.open-app-named", { name: second })).waitFor();
  await visitor.press("challenge.way-totp-named", { name: first });
  await visitor.app.getByText(visitor.t("challenge.open-app-named", { name: first })).waitFor();
});
