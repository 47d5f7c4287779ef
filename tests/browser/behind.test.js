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
