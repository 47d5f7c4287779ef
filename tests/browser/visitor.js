// A visitor with a browser: what they do on the page, in the words that they read there. A witness notes what must
// never happen meanwhile.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { atEnd, startStack } from "./stack.js";
import { totp } from "./totp.js";
import { Witness } from "./witness.js";

const PAGE = new URL("../../infra/local/page/", import.meta.url);
const AXE = readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

/** The texts of a language, from the page's own file. */
export async function wordsOf(tag) {
  const text = readFileSync(new URL(`words/${tag}.js`, PAGE), "utf8");
  return (await import(`data:text/javascript,${encodeURIComponent(text)}`)).default;
}

/** Opens the page of a stack, by default a new one. At the end of the test, checks what must hold of every visit. */
export async function visit(test, { width = 1440, height = 900, scale = 1, scheme = "light", tag = "en", at } = {}) {
  const url = at ?? (await startStack(test)).url;
  const browser = await launch();
  const context = await browser.newContext({
    viewport: { width, height },
    deviceScaleFactor: scale,
    colorScheme: scheme,
    locale: { en: "en-US", fr: "fr-CA", es: "es-US" }[tag],
    permissions: ["clipboard-read", "clipboard-write"],
    reducedMotion: "reduce",
  });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const witness = new Witness(page, url);
  atEnd(test, () => browser.close());
  atEnd(test, () => witness.testify());
  await witness.listen();
  const visitor = new Visitor({ page, witness, url, tag, words: await wordsOf(tag) });
  await page.goto(url);
  await visitor.title("signin.title").waitFor();
  return visitor;
}

/**
 * Starts the browser. In thousands of starts, it crashed once before there was anything to test. So a crash is tried
 * again.
 */
async function launch(tries = 3) {
  try {
    return await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  } catch (error) {
    if (tries <= 1) throw error;
    return launch(tries - 1);
  }
}

const AT_HAND = ["Ada", "Bob", "Cleo", "Dan"];

class Visitor {
  constructor(parts) {
    Object.assign(this, parts, { listened: 0 });
    this.app = this.page.locator("#app");
  }

  /** The text of a key, with its values filled in. */
  t(key, values = {}) {
    assert.ok(key in this.words, key);
    return this.words[key].replace(/\{(\w+)\}/g, (hole, name) => values[name] ?? hole);
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

  /** Waits for the screen with this heading, and checks that it has the focus. */
  async heading(key, values) {
    await this.title(key, values).waitFor();
    await this.hasFocus(this.title(key, values));
  }

  async hasFocus(locator) {
    const [has, focused] = await locator.evaluate((element) => [element === document.activeElement, document.activeElement.outerHTML.slice(0, 200)]);
    assert.ok(has, `the focus is on ${locator}, and not on ${focused}`);
  }

  /** Waits until the app says why something failed. A field with such a message must have the focus. */
  async told(key, values) {
    const why = this.page.getByRole("alert").filter({ hasText: this.t(key, values) });
    const alert = this.app.locator(why);
    await alert.waitFor();
    const concerned = this.app.locator(".field", { has: why }).locator("input");
    if (await concerned.count()) await this.hasFocus(concerned);
    return alert.textContent();
  }

  /**
   * Waits until the app says why it refuses, and until when, in Unix seconds. The message has the day unless it is
   * today.
   */
  async toldUntil(key, moment) {
    const said = await this.told(key);
    const shown = (seconds, how) => new Intl.DateTimeFormat(this.tag, how).format(seconds * 1000);
    const [today, day] = [await this.now(), moment].map((seconds) => shown(seconds, { dateStyle: "long" }));
    const time = shown(moment, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    const until = this.t(day === today ? "problem.again" : "problem.again-on", { day, time }).replace(/\.$/, ":");
    assert.ok(said.includes(until), `${until} is said in: ${said}`);
  }

  /**
   * Waits until a screen reader would read this out, after what it read before. Values that are not given may be any.
   */
  async hears(key, values = {}) {
    const spelled = this.t(key, values).replaceAll(/[.*+?^$()|[\]\\]/g, "\\$&").replaceAll(/\{\w+\}/g, ".+");
    const { heard } = this.witness;
    for (let tries = 0; tries < 600; tries += 1) {
      const at = heard.findIndex((text, index) => index >= this.listened && new RegExp(spelled).test(text));
      if (at >= 0) return (this.listened = at + 1);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail(`${spelled} is said, of: ${heard.slice(this.listened).join(" | ")}`);
  }

  /** Waits until this text is visible in full within the window. */
  async sees(key, values) {
    const line = this.page.getByRole("log").getByText(this.t(key, values), { exact: true }).last();
    await line.waitFor();
    const [seen, how] = await line.evaluate((element) => {
      const { left, right, top, bottom, height } = element.getBoundingClientRect();
      const { opacity, color, backgroundColor } = getComputedStyle(element);
      const within = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
      return [within && height > 20 && opacity === "1" && color !== backgroundColor, JSON.stringify({ left, right, top, bottom, opacity })];
    });
    assert.ok(seen, `${key} is in sight: ${how}`);
    return line;
  }

  /**
   * Logs in by name, with the claims of the identity provider. A name that is not at hand is typed as another person.
   */
  async logIn(name = "Ada", { owner = false, sso = false, email } = {}) {
    const known = AT_HAND.includes(name);
    await this.app.getByRole("radio", { name: new RegExp(`^${known ? name : this.t("signin.other")}`) }).check();
    if (!known) await this.field("signin.name").fill(name);
    if (owner) await this.field("signin.owner").check();
    if (sso) await this.field("signin.sso").check();
    if (email) {
      await this.app.getByText(this.t("signin.more")).click();
      await this.field("signin.email").fill(email);
    }
    await this.press("signin.continue");
  }

  async logOut() {
    await this.press("nav.out");
    await this.heading("signin.title");
  }

  async goTo(screen) {
    await this.app.getByRole("navigation").getByRole("button", { name: this.t(`nav.${screen}`), exact: true }).click();
  }

  /** The stack's time in Unix seconds. */
  async now() {
    return (await this.ask("POST", "dev/clock", { body: { advance_seconds: 0 } })).body.unix;
  }

  async type(code, label = "code.label") {
    await this.field(label).fill(code);
  }

  /** Types a code at a login, and submits it. */
  async prove(code, label) {
    await this.type(code, label);
    await this.press("challenge.check");
  }

  /** Logs in as Ada with the next code of her app. */
  async logInWith(secret) {
    await this.logIn();
    await this.prove(await this.next(secret));
    await this.heading("home.title", { name: "Ada" });
  }

  /** Begins a first factor in an open session, in which the app asks for the password again. */
  async beginFirst(kind) {
    await this.press(`enroll.${kind}.add`);
    await this.heading("password.title");
    await this.press("password.give");
  }

  /** Enrolls an authenticator app by its key and the code that it shows. */
  async enrollApp({ first = false } = {}) {
    if (first) await this.beginFirst("totp");
    else await this.press("enroll.totp.add");
    return this.finishApp();
  }

  /** Finishes an app that is pending. */
  async finishApp() {
    await this.heading("enroll.totp.title");
    await this.app.getByText(this.t("enroll.totp.type")).click();
    const secret = (await this.app.locator("code.secret").textContent()).replaceAll(" ", "");
    await this.type(totp(secret, await this.now()));
    await this.press("enroll.activate");
    return secret;
  }

  /** Enrolls an app on the page's simulated phone. Returns its name there. */
  async enrollPretended() {
    await this.beginFirst("totp");
    await this.press("enroll.totp.pretend");
    const account = { name: "Local App: ada@example.com" };
    await this.press("phone.fill-named", account);
    await this.press("enroll.activate");
    await this.keepCodes();
    return account;
  }

  /** Removes a factor, and confirms that. */
  async remove(name) {
    await this.press("factor.remove-named", { name });
    await this.press("factor.remove-really-named", { name });
  }

  /** Logs in by an emailed code, because the phone is lost. */
  async logInByEmail(name = "Ada") {
    await this.logIn(name);
    await this.press("challenge.use-email");
    await this.press("email.send", { hint: `${name[0].toLowerCase()}•••@example.com` });
    await this.button("email.again").waitFor();
    await this.fillFromEmail();
    await this.press("challenge.check");
    await this.heading("security.title");
    await this.app.getByText(this.t("security.recovered.email")).waitFor();
  }

  /** Reads the recovery codes, confirms that they are stored, and goes on. */
  async keepCodes() {
    await this.title("codes.title").waitFor();
    const codes = await this.app.locator("ol.codes code").allTextContents();
    await this.field("codes.kept").check();
    await this.press("codes.on");
    return codes;
  }

  /** Logs in for the first time, and enrolls an app. */
  async begin(name = "Ada", more) {
    await this.logIn(name, more);
    await this.heading("home.title", { name });
    await this.goTo("security");
    const secret = await this.enrollApp({ first: true });
    await this.heading("codes.title");
    const codes = await this.keepCodes();
    await this.page.getByText(this.t("security.on")).waitFor();
    return { secret, codes };
  }

  /** Logs in as Bob for the first time, and enrolls his phone. Returns his recovery codes. */
  async beginByPhone() {
    await this.logIn("Bob");
    await this.goTo("security");
    await this.enrollPhone({ first: true });
    return this.keepCodes();
  }

  /** Chooses a language, and reads the page in it from then on. */
  async speak(tag) {
    await this.page.getByRole("combobox", { name: this.t("language") }).selectOption(tag);
    this.words = await wordsOf(tag);
  }

  /** Requires MFA of everyone in the workspace, and waits for the message that it is saved. */
  async require({ grace, texts = true, emails = true } = {}) {
    await this.goTo("workspace");
    await this.field("policy.required").check();
    if (grace) await this.field("policy.grace").fill(grace);
    await this.field("policy.texts").setChecked(texts);
    await this.field("policy.emails").setChecked(emails);
    await this.press("save");
    await this.hears("policy.saved");
    await this.app.getByText(/^Last changed by /).waitFor();
  }

  /** Fills in the code of the newest text with the simulated phone's button. */
  async fillFromText(count = 1) {
    const texts = this.page.locator("#phone .texts li");
    await texts.nth(count - 1).waitFor();
    await texts.first().getByRole("button").click();
  }

  /** The code of the newest text. */
  async textedCode() {
    const text = this.page.locator("#phone .texts li .bubble").first();
    await text.waitFor();
    return (await text.textContent()).match(/#(\d{6})$/)[1];
  }

  /** Fills in the code of the newest email with the mailbox's button. */
  async fillFromEmail() {
    await this.page.locator("#mailbox").getByRole("button").first().click();
  }

  /** Enrolls the phone of the user who is logged in. `first` if they have no factor yet. */
  async enrollPhone({ first = false, number, texts = 1 } = {}) {
    if (first) await this.beginFirst("sms");
    else await this.press("enroll.sms.add");
    await this.heading("enroll.sms.title");
    if (number) await this.field("enroll.sms.number").fill(number);
    await this.press("enroll.sms.begin");
    await this.heading("enroll.sms.confirm");
    await this.app.getByRole("button", { name: new RegExp(`^${this.t("text.send", { hint: "" })}`) }).click();
    await this.fillFromText(texts);
    await this.press("enroll.activate");
  }

  /** Sends a request to the stack directly, without the page. */
  async ask(method, path, { body, token } = {}) {
    const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
    const reply = await fetch(`${this.url}${path}`, { method, headers, body: body && JSON.stringify(body) });
    return { status: reply.status, after: Number(reply.headers.get("retry-after")), body: await reply.json().catch(() => null) };
  }

  /** A login token from the stack's identity provider. */
  async token(sub, workspaces = ["acme"]) {
    return (await this.ask("POST", "dev/tokens", { body: { sub, workspaces } })).body.token;
  }

  /** Moves the stack's clock with a button of the page. */
  async later(step) {
    // Not the request that only reads the clock.
    const moves = (request) => request.url().endsWith("/dev/clock") && request.postDataJSON().advance_seconds > 0;
    const moved = this.page.waitForResponse((response) => moves(response.request()));
    await this.press(`clock.${step}`);
    await moved;
  }

  /** Moves the stack's clock to the start of the next window of this many seconds. Returns the end of that window. */
  async nextWindow(seconds) {
    const now = await this.now();
    await this.ask("POST", "dev/clock", { body: { advance_seconds: seconds - (now % seconds) } });
    await this.later("half");
    return now - (now % seconds) + 2 * seconds;
  }

  /** The next code of an app, because each is accepted once. By chance, two in a row can be the same. */
  async next(secret) {
    const shown = totp(secret, await this.now());
    for (;;) {
      await this.later("half");
      const next = totp(secret, await this.now());
      if (next !== shown) return next;
    }
  }

  /** Makes the stack fail at this path. */
  async breaks(path) {
    this.witness.broken.push(path);
    await this.page.route(({ pathname }) => pathname === `/${path}`, (route) => route.fulfill({ status: 503 }));
  }

  /** Makes every try of the next call of an AWS operation fail, and so the request at this path. */
  async awsFails(service, operation, path, kind = "error") {
    this.witness.broken.push(path);
    await this.ask("POST", "dev/faults", { body: { service, operation, kind, every_try: true } });
  }

  /** Checks that a phone offers to fill in this field. */
  async isFilledByPhones(field) {
    assert.equal(await field.getAttribute("autocomplete"), "one-time-code");
    assert.equal(await field.getAttribute("inputmode"), "numeric");
  }

  /** Checks that axe finds no fault. */
  async isAccessible(where) {
    await this.page.evaluate(AXE);
    const found = await this.page.evaluate(async () => {
      const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, any }) => `${html.slice(0, 120)} ${any[0]?.message ?? ""}`).join(" | ")}`);
    });
    assert.deepEqual(found, [], `axe finds nothing on: ${where}`);
  }
}
