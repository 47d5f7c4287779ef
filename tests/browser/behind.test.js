// The page shows what happens behind the app, as well as it can. It never gets in the app's way.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startStack } from "./stack.js";
import { visit } from "./visitor.js";

/** The most of these calls that follow one another. The call that ends first leaves the most time for others. */
function inTurn(calls) {
  let [count, end] = [0, 0];
  for (const call of calls.toSorted((one, other) => one.ended_at - other.ended_at)) {
    if (call.started_at >= end) [count, end] = [count + 1, call.ended_at];
  }
  return count;
}

test("recovery codes are shown also where what happened behind them can't be fetched", async (context) => {
  const visitor = await visit(context);
  await visitor.logIn();
  await visitor.goTo("security");
  await visitor.breaks("dev/calls");
  await visitor.breaks("dev/outbox");
  await visitor.enrollApp({ first: true });
  await visitor.heading("codes.title");
  assert.equal((await visitor.keepCodes()).length, 10);
});

test("what is said aloud is seen too, also where the window is narrow, and goes out of sight by itself", async (context) => {
  const visitor = await visit(context, { width: 360, height: 740 });
  await visitor.logIn();
  await visitor.goTo("security");
  await visitor.beginFirst("totp");
  await visitor.press("enroll.totp.pretend");
  await visitor.sees("enroll.totp.pretended");
  await visitor.isAccessible("what is said");
  const account = { name: "Local App: ada@example.com" };
  await visitor.press("phone.fill-named", account);
  await visitor.press("enroll.activate");
  await visitor.heading("codes.title");
  await visitor.press("copy");
  const copied = await visitor.sees("copied");
  await visitor.press("download");
  await visitor.sees("downloaded");
  await visitor.press("phone.fill-named", account);
  await visitor.sees("phone.nothing-asked");
  const sight = () => copied.evaluate((element) => getComputedStyle(element).opacity);
  while ((await sight()) === "1") await visitor.page.waitForTimeout(100);
  assert.equal(await sight(), "0", "out of sight, and in the log");
  await visitor.page.reload();
  await visitor.page.locator("#phone").getByText(visitor.t("phone.no-accounts")).waitFor();
});

test("where the browser refuses to copy, that is said", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.press("codes.new");
  await visitor.heading("codes.title");
  await visitor.page.evaluate(() => (navigator.clipboard.writeText = async () => Promise.reject(new DOMException("no", "NotAllowedError"))));
  await visitor.press("copy");
  await visitor.sees("copied.not");
});

test("a call that came to nothing takes no other one's place in the list", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  const policy = `${visitor.url}v1/workspaces/acme/policy`;
  const members = `${visitor.url}v1/workspaces/acme/members`;
  const [asked, lost] = [visitor.page.waitForRequest(members), visitor.page.waitForEvent("requestfailed")];
  visitor.witness.broken.push("/policy");
  await visitor.page.route(policy, async (route) => {
    await asked;
    await route.abort();
  });
  await visitor.page.route(members, async (route) => {
    await lost;
    await route.continue();
  });
  await visitor.goTo("workspace");
  await visitor.press("members.show");
  await visitor.app.getByRole("table").waitFor();
  await visitor.told("problem.unreachable");
  const [newest] = await visitor.page.locator("#http .line").allTextContents();
  assert.equal(newest, "GET /v1/workspaces/acme/members");
});

test("the assertion is taken apart and every check is shown", async (context) => {
  const visitor = await visit(context);
  await visitor.logIn();
  await visitor.heading("home.title", { name: "Ada" });
  const checks = visitor.page.locator("#assertion .checks");
  assert.equal(await checks.locator(".ok").count(), 11);
  assert.equal(await checks.locator(".no").count(), 0);
  await visitor.page.getByText(visitor.t("assertion.decoded")).click();
  await visitor.page.locator("#assertion").getByText('"reason": "mfa_not_enabled"').waitFor();
  const calls = await visitor.page.locator("#http .line").allTextContents();
  assert.deepEqual(calls, ["GET /.well-known/jwks.json", "POST /v1/logins", "POST /dev/tokens"]);
  const chart = visitor.page.getByRole("table", { name: /POST \/v1\/logins/ });
  // At least two, even if calls that are sent together also run together.
  const chain = inTurn((await visitor.ask("GET", "dev/calls")).body.calls.filter(({ operation }) => operation !== "GetPublicKey"));
  assert.ok(chain >= 2, "a login reads and then signs");
  assert.equal(await chart.locator(".bar.waits").count(), chain, "a login waits for calls that come one after the other");
  const [whole] = (await chart.locator("caption .meta").textContent()).match(/[\d.]+(?= ms$)/).map(Number);
  const rows = await chart.locator("tbody tr").evaluateAll((all) => all.map((row) => {
    const [bar, track] = [".bar", ".track"].map((one) => row.querySelector(one).getBoundingClientRect());
    const [after, took] = [row.cells[1], row.cells[2]].map((cell) => Number(cell.textContent.match(/[\d.]+/)[0]));
    return { after, took, from: bar.left - track.left, wide: bar.width, track: track.width };
  }));
  for (const { after, took, from, wide, track } of rows) {
    // The figures are rounded to 0.1 ms, and a bar is at least three pixels wide.
    const [scale, near] = [track / whole, 1 + (0.2 * track) / whole];
    assert.ok(Math.abs(from - after * scale) <= near, `a bar begins when its call did: ${JSON.stringify(rows)}`);
    assert.ok(Math.abs(wide - Math.max(3, took * scale)) <= near, `a bar is as long as its call took: ${JSON.stringify(rows)}`);
  }
});

test("what stays to be read is said aloud, and not shown again where it would stand before the field of the code", async (context) => {
  const visitor = await visit(context, { width: 360, height: 640 });
  await visitor.logIn("Bob");
  await visitor.goTo("security");
  await visitor.beginFirst("sms");
  await visitor.field("enroll.sms.number").fill("+1 212 555 0147");
  await visitor.press("enroll.sms.begin");
  await visitor.heading("enroll.sms.confirm");
  await visitor.press("text.send", { hint: "+1 ••• ••• 0147" });
  await visitor.hears("text.sent");
  const line = visitor.page.getByRole("log").getByText("+1 ••• ••• 0147");
  assert.equal(await line.count(), 1);
  const { width, height } = await line.boundingBox();
  assert.ok(width <= 1 && height <= 1, `said, and not seen: ${width} × ${height}`);
});

test("what was opened in a panel stays open, and what has the focus keeps it, when there is more to see", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.press("codes.new");
  await visitor.keepCodes();
  const letters = visitor.page.locator("#mailbox details");
  await letters.nth(1).locator("summary").click();
  await visitor.press("codes.new");
  await letters.nth(2).waitFor();
  assert.deepEqual(await letters.evaluateAll((all) => all.map(({ open }) => open)), [true, false, true]);

  await visitor.keepCodes();
  await visitor.goTo("workspace");
  const oldest = visitor.page.locator("#http summary").last();
  await oldest.focus();
  await visitor.button("members.show").evaluate((button) => button.click());
  await visitor.app.getByRole("table").waitFor();
  await visitor.hasFocus(oldest);
});

test("a clock that another window has moved is heard when one comes back to this one", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.ask("POST", "dev/clock", { body: { advance_seconds: 900 } });
  const heard = visitor.page.waitForResponse((response) => response.url().endsWith("/dev/clock"));
  await visitor.page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await (await heard).finished();
  await visitor.goTo("home");
  await visitor.goTo("security");
  await visitor.app.getByText(visitor.t("security.on")).waitFor();
});

test("a clock that can't be moved is said not to answer", async (context) => {
  const visitor = await visit(context);
  await visitor.breaks("dev/clock");
  await visitor.press("clock.day");
  await visitor.hears("problem.unreachable");
});

test("after a restart of the stack, a user who logs in again gets in", async (context) => {
  // A fixed port that no machine gives out by itself, so that it is free for the second start.
  const port = 18087;
  const { url, stop } = await startStack(context, port);
  const visitor = await visit(context, { at: url });
  await visitor.begin();
  await visitor.logOut();
  await stop();
  await startStack(context, port);
  await visitor.logIn();
  await visitor.heading("home.title", { name: "Ada" });
});
