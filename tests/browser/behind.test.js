// What happens behind the app is shown as well as it can be, and never stands in the app's way.

import assert from "node:assert/strict";
import { test } from "node:test";
import { visit } from "./visitor.js";

test("recovery codes are shown also where what happened behind them can't be fetched", async (context) => {
  const visitor = await visit(context);
  await visitor.logIn();
  await visitor.goTo("security");
  await visitor.breaks("dev/calls");
  await visitor.breaks("dev/outbox");
  await visitor.enrolApp({ first: true });
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
  await visitor.isAccessible("what is said");
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
