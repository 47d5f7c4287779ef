// How every screen looks and reads: wide and narrow, light and dark, in each language. The tests check each with axe,
// and check its width and its words. They store its picture in target/browser for people to look at.

import assert from "node:assert/strict";
import { test } from "node:test";
import { visit, wordsOf } from "./visitor.js";

const PICTURES = new URL("../../target/browser/", import.meta.url).pathname;
const NARROW = 360;
/** Texts that are the same in another language. */
const ALIKE = ["app.window", "assertion.panel", "aws.head.ms", "nav.who", "phone.messages"];

for (const [tag, width, scheme] of [
  ["en", 1440, "light"],
  ["en", 360, "dark"],
  ["fr", 1440, "dark"],
  ["fr", 360, "light"],
  ["es", 1440, "light"],
  ["es", 360, "dark"],
]) {
  test(`every screen is fit to be read, ${scheme}, ${width} pixels wide, in the language ${tag}`, async (context) => {
    const visitor = await visit(context, { tag, width, scheme });
    const english = await wordsOf("en");
    const seen = [];
    await tour(visitor, async (name) => {
      seen.push(name);
      await visitor.isAccessible(name);
      await fits(visitor, name, width);
      await reads(visitor, name, english);
      const number = String(seen.length).padStart(2, "0");
      await visitor.page.screenshot({ path: `${PICTURES}${tag}-${width}-${scheme}-${number}-${name}.png`, fullPage: true });
    });
    assert.equal(await visitor.page.locator("html").getAttribute("lang"), tag);
  });
}

test("another language is chosen on the page, where it is, and the API answers in it", async (context) => {
  const visitor = await visit(context);
  await visitor.logIn("Bob");
  await visitor.goTo("security");
  await visitor.beginFirst("sms");
  await visitor.press("enroll.sms.begin");
  await visitor.heading("enroll.sms.confirm");
  await visitor.speak("fr");
  await visitor.title("enroll.sms.confirm").waitFor();
  assert.equal(await visitor.page.locator("html").getAttribute("lang"), "fr");
  await visitor.press("text.send", { hint: "+1 ••• ••• 0147" });
  await visitor.page.locator("#phone").getByText("votre code est").waitFor();
});

test("what was chosen and typed is there in another language too", async (context) => {
  const visitor = await visit(context);
  await visitor.app.getByRole("radio", { name: /^Bob/ }).check();
  await visitor.speak("fr");
  assert.ok(await visitor.app.getByRole("radio", { name: /^Bob/ }).isChecked());
  await visitor.begin();
  await visitor.goTo("workspace");
  await visitor.field("policy.grace").fill("21");
  await visitor.field("policy.required").check();
  await visitor.field("policy.texts").uncheck();
  await visitor.speak("es");
  await visitor.field("policy.grace").waitFor();
  assert.equal(await visitor.field("policy.grace").inputValue(), "21");
  assert.deepEqual([await visitor.field("policy.required").isChecked(), await visitor.field("policy.texts").isChecked()], [true, false]);
  await visitor.goTo("security");
  await visitor.press("enroll.sms.add");
  await visitor.field("enroll.name").fill("Work");
  await visitor.speak("en");
  assert.equal(await visitor.field("enroll.name").inputValue(), "Work");
  await visitor.goTo("workspace");
  assert.equal(await visitor.field("policy.grace").inputValue(), "7", "what was not saved is forgotten with its screen");
});

test("on a narrow window nothing that the keyboard leads to is under the bar that stays at the top", async (context) => {
  const visitor = await visit(context, { width: 360, height: 640 });
  await visitor.begin();
  await visitor.page.locator("main :is(button, summary):visible").last().focus();
  let steps = 0;
  for (let where = ""; where !== "bar"; steps += 1) {
    assert.ok(steps < 100, `it leads back to the bar, and not to ${where}`);
    await visitor.page.keyboard.press("Shift+Tab");
    where = await visitor.page.evaluate(() => {
      const [bar, focused] = [document.querySelector(".jump"), document.activeElement];
      const { left, top, width } = focused.getBoundingClientRect();
      if (bar.contains(focused)) return "bar";
      return bar.contains(document.elementFromPoint(left + width / 2, top + 1)) ? `under it: ${focused.outerHTML}` : "in sight";
    });
    assert.ok(!where.startsWith("under"), where);
  }
  assert.ok(steps >= 20, `${steps} steps`);
});

/** Visits every screen, with its error messages. */
async function tour(visitor, look) {
  const hint = "+1 ••• ••• 0123";
  const app = { name: visitor.t("kind.totp") };
  await look("sign-in");
  await visitor.app.getByText(visitor.t("signin.more")).click();
  await visitor.app.getByRole("radio", { name: new RegExp(`^${visitor.t("signin.other")}`) }).check();
  await visitor.press("signin.continue");
  await visitor.told("problem.no-name");
  await look("sign-in-as-someone-else");
  await visitor.beginByPhone();
  await visitor.app.getByText(visitor.t("security.only-texts")).waitFor();
  await look("security-only-texts");
  await visitor.logOut();
  await visitor.logIn();
  await visitor.heading("home.title", { name: "Ada" });
  await visitor.page.getByText(visitor.t("assertion.decoded"), { exact: true }).click();
  await look("home");
  await visitor.goTo("security");
  await visitor.app.getByText(visitor.t("security.off")).waitFor();
  await look("security-off");
  await visitor.press("enroll.totp.add");
  await visitor.heading("password.title");
  await look("password");
  await visitor.press("password.give");
  await visitor.heading("enroll.totp.title");
  await visitor.press("enroll.totp.pretend");
  await visitor.app.getByText(visitor.t("enroll.totp.type")).click();
  await look("app");
  await visitor.press("phone.fill-named", { name: "Local App: ada@example.com" });
  await visitor.press("enroll.activate");
  await visitor.heading("codes.title");
  await visitor.press("codes.on");
  await visitor.told("problem.codes-not-kept");
  await look("codes");
  await visitor.keepCodes();
  await visitor.press("enroll.sms.add");
  await visitor.heading("enroll.sms.title");
  for (const limit of ["number", "messages", "page"]) await visitor.app.getByText(visitor.t(`enroll.sms.limit.${limit}`)).waitFor();
  await visitor.button("enroll.sms.offer").waitFor();
  await look("phone");
  await visitor.press("enroll.sms.begin");
  await visitor.press("text.send", { hint });
  await visitor.fillFromText(2);
  await look("phone-confirm");
  await visitor.press("enroll.activate");
  await visitor.heading("security.title");
  await visitor.press("factor.rename-named", app);
  await look("security-on");
  await visitor.logOut();
  await visitor.later("half");
  await visitor.logIn();
  await visitor.press("text.send", { hint });
  await visitor.button("text.again").waitFor();
  await look("challenge-text");
  await visitor.fillFromText(3);
  await visitor.press("challenge.check");
  await visitor.heading("home.title", { name: "Ada" });
  await visitor.goTo("workspace");
  await visitor.field("policy.required").check();
  await visitor.field("policy.texts").uncheck();
  await visitor.field("policy.grace").fill("1");
  await visitor.press("save");
  await visitor.app.getByText("ada,").waitFor();
  await visitor.press("members.show");
  await visitor.app.getByRole("table").waitFor();
  await look("workspace");
  await visitor.later("quarter");
  await visitor.press("members.show");
  await visitor.press("challenge.way-totp", app);
  await visitor.heading("challenge.again");
  await visitor.prove("000000");
  await visitor.told("problem.code-rejected");
  await look("step-up");
  await visitor.logOut();
  await visitor.logIn();
  await visitor.press("challenge.way-totp", app);
  await visitor.heading("challenge.title");
  await look("challenge-app");
  await visitor.press("challenge.use-recovery");
  await look("challenge-recovery");
  await visitor.press("challenge.use-email");
  await visitor.press("email.send", { hint: "a•••@example.com" });
  await visitor.button("email.again").waitFor();
  await look("challenge-email");
  await visitor.fillFromEmail();
  await visitor.press("challenge.check");
  await visitor.app.getByText(visitor.t("security.on")).waitFor();
  await look("recovered");
  await visitor.enrollApp();
  await visitor.heading("security.title");
  await visitor.remove(app.name);
  await visitor.told("problem.factor-too-new");
  await look("factor-too-new");
  await visitor.logOut();
  await visitor.logIn("Cleo");
  await visitor.goTo("security");
  await visitor.app.getByText(visitor.t("problem.sso-user")).waitFor();
  await look("sso");
  await visitor.logOut();
  await visitor.logIn("zoe");
  await visitor.heading("home.title", { name: "zoe" });
  await look("home-in-grace");
  await visitor.logOut();
  await visitor.later("day");
  await visitor.logIn("zoe");
  await visitor.heading("enroll.title");
  await visitor.page.locator("#http summary").first().click();
  await look("must-enroll");
  await visitor.press("challenge.back");
  await visitor.logIn("Bob");
  await visitor.app.getByText(visitor.t("challenge.forbidden")).waitFor();
  await look("challenge-forbidden");
  await visitor.press("text.send", { hint: "+1 ••• ••• 0147" });
  await visitor.fillFromText(4);
  await visitor.press("challenge.check");
  await visitor.app.getByText(visitor.t("enroll.other")).waitFor();
  await visitor.page.locator("#assertion .checks .no").first().waitFor();
  await look("must-enroll-another");
}

/**
 * Nothing is wider than the window. On a narrow window, controls are large enough for a finger. A checkbox counts by
 * its label.
 */
async function fits(visitor, where, width) {
  const { over, small } = await visitor.page.evaluate(() => ({
    over: document.documentElement.scrollWidth - innerWidth,
    small: [...document.querySelectorAll("button, select, summary, .person, .box label, input:not([type=checkbox], [type=radio])")]
      .filter((element) => element.checkVisibility() && !element.matches(".skip") && element.getBoundingClientRect().height < 43.5)
      .map((element) => element.outerHTML.slice(0, 100)),
  }));
  assert.equal(over, 0, `${where} does not scroll sideways`);
  if (width === NARROW) assert.deepEqual(small, [], `a finger hits everything on ${where}`);
}

/**
 * Every text is in the visitor's language, including those that only a screen reader reads. No text is missing, and
 * none is English where it should not be, whatever its values are.
 */
async function reads(visitor, where, english) {
  const texts = await visitor.page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) found.push(walker.currentNode.data.trim());
    for (const name of ["aria-label", "title", "alt", "placeholder"]) {
      for (const element of document.querySelectorAll(`[${name}]`)) found.push(element.getAttribute(name));
    }
    return found;
  });
  const foreign = visitor.tag === "en" ? [] : Object.entries(english).filter(([key]) => !ALIKE.includes(key)).map(([, text]) => spelled(text));
  const wrong = (text) => text in english || foreign.some((one) => one.test(text)) || /\bundefined\b|\[object/.test(text);
  assert.deepEqual(texts.filter(wrong), [], `${where} is all in words`);
}

/** A pattern for exactly this text, with any values in it. */
const spelled = (text) => new RegExp(`^${text.replaceAll(/[.*+?^$()|[\]\\]/g, "\\$&").replaceAll(/\{\w+\}/g, ".+")}$`);
