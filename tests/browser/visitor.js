// Someone with a browser: what they do on the page, in the words that they read there, and what must never happen while
// they do it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { startStack } from "./stack.js";
import { totp } from "./totp.js";

const PAGE = new URL("../../infra/local/page/", import.meta.url);
const AXE = readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

/** The words of a language, as the page has them. */
export async function wordsOf(tag) {
  const text = readFileSync(new URL(`words/${tag}.js`, PAGE), "utf8");
  return (await import(`data:text/javascript,${encodeURIComponent(text)}`)).default;
}

/** Opens the page of a new stack, as this visitor would; holds at the end of the test what must hold of every visit. */
export async function visit(test, { width = 1440, height = 900, scheme = "light", tag = "en" } = {}) {
  const url = await startStack(test);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  test.after(() => browser.close());
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    locale: { en: "en-US", fr: "fr-CA", es: "es-US" }[tag],
    permissions: ["clipboard-read", "clipboard-write"],
    reducedMotion: "reduce",
  });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const visitor = new Visitor(page, url, tag, await wordsOf(tag));
  await page.goto(url);
  await visitor.title("signin.title").waitFor();
  return visitor;
}

class Visitor {
  constructor(page, url, tag, words) {
    Object.assign(this, { page, url, tag, words, wrong: [], foreign: [] });
    this.app = page.locator("#app");
    page.on("pageerror", (error) => this.wrong.push(String(error)));
    page.on("console", (message) => this.hear(message));
    page.on("request", (request) => !request.url().startsWith(url) && !request.url().startsWith("blob:") && this.foreign.push(request.url()));
  }

  /** What a console may say: that the API has refused a request, for the browser logs that itself. Nothing else. */
  hear(message) {
    const { url } = message.location();
    const refused = /^Failed to load resource: the server responded with a status of 4\d\d /.test(message.text());
    const ours = url.startsWith(`${this.url}v1/`);
    if (["error", "warning"].includes(message.type()) && !(refused && ours)) this.wrong.push(`${message.text()} (${url})`);
  }

  /** What must hold of every visit, at its end. */
  async leavesNothing() {
    assert.deepEqual(this.wrong, [], "nothing goes wrong on the way");
    assert.deepEqual(this.foreign, [], "nothing is asked of elsewhere");
    assert.equal(this.page.url(), this.url, "the address is as it was");
    const kept = await this.page.evaluate(async () => [localStorage.length, sessionStorage.length, document.cookie, (await indexedDB.databases()).length, (await caches.keys()).length]);
    assert.deepEqual(kept, [0, 0, "", 0, 0], "nothing is kept");
  }

  /** The words for something, with values in their places. */
  t(key, values = {}) {
    assert.ok(key in this.words, key);
    return this.words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  button(key, values) {
    return this.page.getByRole("button", { name: this.t(key, values), exact: true });
  }

  press(key, values) {
    return this.button(key, values).click();
  }

  field(key) {
    return this.app.getByLabel(this.t(key), { exact: true });
  }

  title(key, values) {
    return this.app.getByRole("heading", { level: 3, name: this.t(key, values), exact: true });
  }

  /** Waits until the app shows the screen of this heading, and holds that reading goes on there. */
  async heading(key, values) {
    await this.title(key, values).waitFor();
    await this.hasFocus(this.title(key, values));
  }

  async hasFocus(locator) {
    const [has, focused] = await locator.evaluate((element) => [element === document.activeElement, document.activeElement.outerHTML.slice(0, 200)]);
    assert.ok(has, `the focus is on ${locator}, and not on ${focused}`);
  }

  /** Waits until the app says why something did not work; the field concerned has the focus. */
  async told(key, values) {
    const alert = this.app.getByRole("alert").filter({ hasText: this.t(key, values) });
    await alert.waitFor();
    return alert.textContent();
  }

  async logIn(name = "Ada") {
    await this.app.getByRole("radio", { name: new RegExp(`^${name}`) }).check();
    await this.press("signin.continue");
  }

  async logOut() {
    await this.press("nav.out");
    await this.heading("signin.title");
  }

  async goTo(screen) {
    await this.app.getByRole("navigation").getByRole("button", { name: this.t(`nav.${screen}`), exact: true }).click();
  }

  /** The stack's time, in Unix seconds. */
  async now() {
    const reply = await fetch(`${this.url}dev/clock`, { method: "POST", body: '{"advance_seconds":0}' });
    return (await reply.json()).unix;
  }

  async type(code, label = "code.label") {
    await this.field(label).fill(code);
  }

  /** Sets up an authenticator app as one does with a phone: types its key in, and the code that it shows. */
  async enrolApp() {
    await this.press("enroll.totp.add");
    await this.heading("enroll.totp.title");
    await this.app.getByText(this.t("enroll.totp.type")).click();
    const secret = (await this.app.locator("code.secret").textContent()).replaceAll(" ", "");
    await this.type(totp(secret, await this.now()));
    await this.press("enroll.activate");
    return secret;
  }

  /** Sets up an authenticator app on the page's pretended phone; returns what it is called there. */
  async enrolPretended() {
    await this.press("enroll.totp.add");
    await this.press("enroll.totp.pretend");
    const account = { name: "Local App: ada@example.com" };
    await this.press("phone.fill-named", account);
    await this.press("enroll.activate");
    await this.keepCodes();
    return account;
  }

  /** Reads the recovery codes, says that they are kept, and goes on. */
  async keepCodes() {
    await this.title("codes.title").waitFor();
    const codes = await this.app.locator("ol.codes code").allTextContents();
    await this.field("codes.kept").check();
    await this.press("codes.on");
    return codes;
  }

  /** Logs in for the first time, and sets up an app. */
  async begin(name = "Ada") {
    await this.logIn(name);
    await this.heading("home.title", { name });
    await this.goTo("security");
    const secret = await this.enrolApp();
    await this.heading("codes.title");
    const codes = await this.keepCodes();
    await this.page.getByText(this.t("security.on")).waitFor();
    return { secret, codes };
  }

  /** Moves the stack's clock, with a button of the page. */
  async later(step) {
    const moved = this.page.waitForResponse((response) => response.url().endsWith("/dev/clock"));
    await this.press(`clock.${step}`);
    await moved;
  }

  /** The next code of an app: a code is accepted once. */
  async next(secret) {
    await this.later("half");
    return totp(secret, await this.now());
  }

  /** Holds that axe finds nothing to complain of. */
  async isAccessible(where) {
    await this.page.evaluate(AXE);
    const found = await this.page.evaluate(async () => {
      const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, any }) => `${html.slice(0, 120)} ${any[0]?.message ?? ""}`).join(" | ")}`);
    });
    assert.deepEqual(found, [], `axe finds nothing on: ${where}`);
  }
}
