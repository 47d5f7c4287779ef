// Enrollment of a factor: who may, how many, and what can go wrong.

import assert from "node:assert/strict";
import { test } from "node:test";
import { totp } from "./totp.js";
import { visit } from "./visitor.js";

for (const kind of ["totp", "sms"]) {
  test(`a first factor (${kind}) is not begun at an open browser without the password`, async (context) => {
    const visitor = await visit(context);
    await visitor.logIn();
    await visitor.goTo("security");
    await visitor.press(`enroll.${kind}.add`);
    await visitor.heading("password.title");
    await visitor.press("cancel");
    await visitor.told("problem.canceled");
    await visitor.hasFocus(visitor.button(`enroll.${kind}.add`));
    assert.deepEqual(begun(visitor), []);
    const tokens = () => visitor.witness.asked.filter((address) => address.endsWith("dev/tokens")).length;
    const before = tokens();
    await visitor.press(`enroll.${kind}.add`);
    await visitor.press("password.give");
    await visitor.heading(`enroll.${kind}.title`);
    assert.equal(tokens(), before + 1, "the password brings a fresh login token");
  });
}

const begun = ({ witness, url }) => witness.sent.filter((request) => request === `POST ${url}v1/factors`);

test("who has set up an app is no longer told to at home", async (context) => {
  const visitor = await visit(context);
  await visitor.logIn();
  await visitor.button("home.set-up").waitFor();
  await visitor.goTo("security");
  await visitor.enrollApp({ first: true });
  await visitor.keepCodes();
  await visitor.goTo("home");
  await visitor.app.getByText(visitor.t("home.how.otp")).waitFor();
  assert.equal(await visitor.button("home.set-up").count(), 0);
});

test("a second factor takes the first one's code, and no password", async (context) => {
  const visitor = await visit(context);
  const { secret } = await visitor.begin();
  await visitor.later("quarter");
  await visitor.press("enroll.totp.add");
  await visitor.heading("challenge.again");
  await visitor.prove(await visitor.next(secret));
  await visitor.heading("enroll.totp.title");
});

test("of the QR code that the API draws the shapes come onto the page, and nothing else", async (context) => {
  const visitor = await visit(context);
  let drawn;
  await visitor.page.route(`${visitor.url}v1/factors`, async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    const reply = await route.fetch();
    const body = await reply.json();
    drawn = body.totp.qr_svg;
    const more = '<path onclick="void 0" d="M0 0"/><script>void 0</script><a href="/"><text>text</text></a><style>*{}</style></svg>';
    body.totp.qr_svg = drawn.replace("</svg>", more).replace("<svg ", '<svg onload="void 0" ');
    return route.fulfill({ response: reply, json: body });
  });
  await visitor.logIn();
  await visitor.goTo("security");
  await visitor.beginFirst("totp");
  await visitor.heading("enroll.totp.title");
  const made = await visitor.app.locator(".qr").evaluate((place) =>
    [...place.querySelectorAll("*")].map((one) => [one.localName, Object.fromEntries([...one.attributes].map(({ name, value }) => [name, value]))]),
  );
  const of = (name, text) => text.match(new RegExp(`${name}="([^"]*)"`))[1];
  const [svg, rect, path] = ["svg", "rect", "path"].map((name) => drawn.match(new RegExp(`<${name} [^>]*>`))[0]);
  assert.deepEqual(made, [
    ["svg", { viewBox: of("viewBox", svg), "shape-rendering": "crispEdges", role: "img", "aria-label": visitor.t("enroll.totp.qr") }],
    ["rect", { x: "0", y: "0", width: of("width", rect), height: of("height", rect), fill: of("fill", rect) }],
    ["path", { fill: of("fill", path), d: of(" d", path) }],
    ["path", { d: "M0 0" }],
  ]);
});

test("who has removed their last factor gives the password before another", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.remove(visitor.t("kind.totp"));
  await visitor.app.getByText(visitor.t("security.off")).waitFor();
  await visitor.enrollApp({ first: true });
  await visitor.heading("codes.title");
});

test("nobody who has no factor any more confirms a change by being let in without one", async (context) => {
  const visitor = await visit(context);
  const { secret } = await visitor.begin();
  const other = await visit(context, { at: visitor.url });
  await other.logInWith(secret);
  await other.goTo("security");
  await other.remove(other.t("kind.totp"));
  await other.app.getByText(other.t("security.off")).waitFor();
  await visitor.remove(visitor.t("kind.totp"));
  await visitor.told("problem.no-factor");
});

test("who adds a phone is told what a text can't protect from, and is offered an app instead; who has only a phone is offered one too", async (context) => {
  const visitor = await visit(context);
  const limits = ["number", "messages", "page"].map((one) => visitor.app.getByText(visitor.t(`enroll.sms.limit.${one}`)));
  await visitor.logIn("Bob");
  await visitor.goTo("security");
  await visitor.beginFirst("sms");
  await visitor.heading("enroll.sms.title");
  for (const limit of limits) await limit.waitFor();
  await visitor.press("enroll.sms.offer");
  await visitor.heading("enroll.totp.title");
  await visitor.press("cancel");
  await visitor.enrollPhone({ first: true });
  await visitor.keepCodes();
  await visitor.app.getByText(visitor.t("security.only-texts")).waitFor();
  await visitor.press("enroll.sms.offer");
  await visitor.finishApp();
  await visitor.heading("security.title");
  await visitor.button("factor.remove-named", { name: visitor.t("kind.totp") }).waitFor();
  assert.equal(await visitor.app.getByText(visitor.t("security.only-texts")).count(), 0, "who has an app is not told to add one");
});

test("who must set up a method at the login, and chooses a phone, is offered an app instead", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.require({ grace: "0" });
  await visitor.logOut();
  await visitor.logIn("Bob");
  await visitor.press("enroll.sms.add");
  await visitor.heading("enroll.sms.title");
  await visitor.app.getByText(visitor.t("enroll.sms.limits")).waitFor();
  await visitor.press("enroll.sms.offer");
  await visitor.finishApp();
  await visitor.keepCodes();
  await visitor.heading("home.title", { name: "Bob" });
});

test("who logged in before an operator reset them sets nothing up until they log in again", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.later("half");
  await visitor.later("quarter");
  const token = (await visitor.ask("POST", "dev/tokens", { body: { sub: "op", scope: "mfa:operator" } })).body.token;
  assert.equal((await visitor.ask("POST", "v1/operator/reset", { token, body: { user: "ada", reason: "The phone is lost." } })).status, 200);
  await visitor.press("enroll.totp.add");
  await visitor.told("problem.login-too-old");
  await visitor.logOut();
  await visitor.begin();
});

test("five apps and two phones, and no more", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  for (let count = 2; count <= 5; count += 1) {
    await visitor.later("half");
    await visitor.enrollApp();
    await visitor.button("factor.remove-named", { name: `${visitor.t("kind.totp")} ${count}` }).waitFor();
  }
  await visitor.press("enroll.totp.add");
  await visitor.told("problem.too-many-factors");
  for (const [number, texts] of [["+1 415 555 0123", 1], ["+1 212 555 0147", 2]]) {
    await visitor.enrollPhone({ number, texts });
    await visitor.button("factor.remove-named", { name: `Phone +1 ••• ••• ${number.slice(-4)}` }).waitFor();
  }
  await visitor.press("enroll.sms.add");
  await visitor.field("enroll.sms.number").fill("+1 604 555 0188");
  await visitor.press("enroll.sms.begin");
  await visitor.told("problem.too-many-factors");
});

for (const [tag, name] of [["fr", "Téléphone"], ["es", "Teléfono"]]) {
  test(`a phone that nobody has named is called one in the language of the page (${tag})`, async (context) => {
    const visitor = await visit(context, { tag });
    const hint = "+1 ••• ••• 0147";
    await visitor.logIn("Bob");
    await visitor.goTo("security");
    await visitor.beginFirst("sms");
    await visitor.press("enroll.sms.begin");
    await visitor.press("text.send", { hint });
    await visitor.fillFromText();
    await visitor.press("enroll.activate");
    await visitor.keepCodes();
    await visitor.button("factor.remove-named", { name: `${name} ${hint}` }).waitFor();
  });
}

test("a number that is not texted is refused beside its field, and nothing is begun", async (context) => {
  const visitor = await visit(context);
  await visitor.logIn();
  await visitor.goTo("security");
  await visitor.beginFirst("sms");
  const number = visitor.field("enroll.sms.number");
  for (const [kind, refused, why] of [["premium", "+1 900 555 0123", ""], ["of Jamaica", "+1 876 555 0123", ".country"], ["none", "12345", ""]]) {
    await number.fill(refused);
    await visitor.press("enroll.sms.begin");
    await visitor.told(`problem.phone-not-supported${why}`);
    await visitor.hasFocus(number);
    assert.equal(await number.getAttribute("aria-invalid"), "true", kind);
  }
  assert.deepEqual((await visitor.ask("GET", "v1/factors", { token: await visitor.token("ada") })).body.factors, []);
  await number.fill("+1 415 555 0123");
  await visitor.press("enroll.sms.begin");
  await visitor.heading("enroll.sms.confirm");
});

test("a phone that is being set up is texted three times in an hour, then the page says until when", async (context) => {
  const visitor = await visit(context);
  const end = await visitor.nextWindow(3600);
  await visitor.logIn("Bob");
  await visitor.goTo("security");
  await visitor.beginFirst("sms");
  await visitor.press("enroll.sms.begin");
  await visitor.press("text.send", { hint: "+1 ••• ••• 0147" });
  for (const [sent, wait] of [[1, 1], [2, 2], [3, 4]]) {
    await visitor.page.locator("#phone .texts li").nth(sent - 1).waitFor();
    for (let halves = 0; halves < wait; halves += 1) await visitor.later("half");
    await visitor.press("text.again");
  }
  await visitor.toldUntil("problem.too-many-texts", end);
});

test("an app that AWS fails in is begun and turned on when it is tried again, and recovery codes come though nothing can be signed", async (context) => {
  const visitor = await visit(context);
  await visitor.logIn();
  await visitor.heading("home.title", { name: "Ada" });
  await visitor.awsFails("dynamodb", "GetItem", "v1/factors");
  await visitor.goTo("security");
  await visitor.told("problem.temporarily-unavailable");
  assert.equal(await visitor.app.getByText(visitor.t("loading")).count(), 0, "nothing is on its way any more");
  await visitor.goTo("security");
  await visitor.awsFails("kms", "Encrypt", "v1/factors");
  await visitor.beginFirst("totp");
  await visitor.told("problem.temporarily-unavailable");
  await visitor.beginFirst("totp");
  await visitor.press("enroll.totp.pretend");
  await visitor.press("phone.fill-named", { name: "Local App: ada@example.com" });
  await visitor.awsFails("kms", "Decrypt", "/activate");
  await visitor.press("enroll.activate");
  await visitor.told("problem.temporarily-unavailable");
  await visitor.awsFails("kms", "Sign", "/activate");
  await visitor.press("enroll.activate");
  assert.equal((await visitor.keepCodes()).length, 10);
  await visitor.app.getByText(visitor.t("security.on")).waitFor();
  await visitor.goTo("home");
  await visitor.heading("home.title", { name: "Ada" });
});

test("five wrong codes end what was begun, and it is begun again", async (context) => {
  const visitor = await visit(context);
  await visitor.logIn();
  await visitor.goTo("security");
  await visitor.beginFirst("totp");
  await visitor.heading("enroll.totp.title");
  for (const _ of [1, 2, 3, 4, 5]) {
    await visitor.type("000000");
    await visitor.press("enroll.activate");
    await visitor.told("problem.code-rejected");
  }
  await visitor.press("enroll.activate");
  await visitor.told("problem.enrollment-expired");
  await visitor.press("cancel");
  await visitor.enrollApp({ first: true });
  await visitor.heading("codes.title");
});

test("what was begun is over after a quarter of an hour", async (context) => {
  const visitor = await visit(context);
  await visitor.logIn();
  await visitor.goTo("security");
  await visitor.beginFirst("totp");
  await visitor.heading("enroll.totp.title");
  await visitor.later("quarter");
  await visitor.type("000000");
  await visitor.press("enroll.activate");
  await visitor.told("problem.enrollment-expired");
});

test("who took too long over setting up what their login asks for goes back to the login from there", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.require({ grace: "0" });
  await visitor.logOut();
  for (const [kind, confirms] of [["totp"], ["sms"], ["sms", true]]) {
    await visitor.logIn("Bob");
    await visitor.press(`enroll.${kind}.add`);
    await visitor.heading(`enroll.${kind}.title`);
    if (confirms) await visitor.press("enroll.sms.begin");
    if (confirms) await visitor.heading("enroll.sms.confirm");
    await visitor.later("quarter");
    if (kind === "totp" || confirms) await visitor.type("000000");
    await visitor.press(kind === "totp" || confirms ? "enroll.activate" : "enroll.sms.begin");
    await visitor.told("problem.login-over");
    await visitor.press("challenge.back");
    await visitor.heading("signin.title");
  }
});

test("an app is set up by keyboard alone, up to the recovery codes", async (context) => {
  const visitor = await visit(context);
  const keys = visitor.page.keyboard;
  /** Presses Tab until the element has the focus. */
  const tabTo = async (locator) => {
    for (let tries = 0; tries < 30; tries += 1) {
      if ((await locator.count()) && (await locator.evaluate((element) => element === document.activeElement))) return;
      await keys.press("Tab");
    }
    await visitor.hasFocus(locator);
  };
  const press = async (locator) => {
    await tabTo(locator);
    await keys.press("Enter");
  };
  await press(visitor.button("skip"));
  await press(visitor.button("signin.continue"));
  await visitor.heading("home.title", { name: "Ada" });
  await press(visitor.button("home.set-up"));
  await visitor.heading("security.title");
  await visitor.app.getByText(visitor.t("security.off")).waitFor();
  await press(visitor.button("enroll.totp.add"));
  await visitor.heading("password.title");
  await press(visitor.button("password.give"));
  await visitor.heading("enroll.totp.title");
  await press(visitor.app.locator("summary"));
  const secret = (await visitor.app.locator("code.secret").innerText()).replaceAll(" ", "");
  await tabTo(visitor.field("code.label"));
  await keys.type(totp(secret, await visitor.now()));
  await keys.press("Enter");
  await visitor.heading("codes.title");
  await tabTo(visitor.field("codes.kept"));
  await keys.press("Space");
  await press(visitor.button("codes.on"));
  await visitor.heading("security.title");
});

for (const [kind, first] of [["totp", "enroll.totp.title"], ["sms", "enroll.sms.title"]]) {
  test(`the field for the code of a new factor (${kind}) is one that phones fill in`, async (context) => {
    const visitor = await visit(context);
    await visitor.logIn();
    await visitor.goTo("security");
    await visitor.beginFirst(kind);
    await visitor.heading(first);
    if (kind === "sms") await visitor.press("enroll.sms.begin");
    await visitor.isFilledByPhones(visitor.field("code.label"));
  });
}
