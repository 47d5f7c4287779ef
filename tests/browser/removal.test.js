// Removal of a factor: only after a confirmation, and with all its consequences.

import assert from "node:assert/strict";
import { test } from "node:test";
import { visit } from "./visitor.js";

test("a factor is removed only once that is meant: the first press asks, and whatever else is done takes it back", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  const app = { name: visitor.t("kind.totp") };
  const [asks, really] = [visitor.button("factor.remove-named", app), visitor.button("factor.remove-really-named", app)];
  const last = visitor.app.locator(".factors").getByText(visitor.t("factor.remove-last"));
  for (const elsewhere of [() => visitor.page.keyboard.press("Tab"), () => visitor.press("clock.half"), () => visitor.title("security.title").click()]) {
    await asks.focus();
    await visitor.page.keyboard.press("Enter");
    await visitor.hears("factor.remove-really-named", app);
    await visitor.hasFocus(really);
    await last.waitFor();
    await visitor.isAccessible("a factor that is about to be removed");
    await elsewhere();
    await asks.waitFor();
    assert.equal(await last.count(), 0);
  }
  await visitor.button("factor.rename-named", app).focus();
  for (const _ of [1, 2, 3]) await visitor.page.keyboard.down("Tab");
  await visitor.page.keyboard.up("Tab");
  assert.equal(await asks.evaluate((element) => element === document.activeElement), false, "a key that is held down leads past it");
  await asks.focus();
  for (const _ of [1, 2, 3]) await visitor.page.keyboard.down("Enter");
  await visitor.page.keyboard.up("Enter");
  await really.waitFor();
  await visitor.press("clock.half");
  await asks.dblclick();
  await really.waitFor();
  assert.equal(visitor.witness.sent.filter((request) => request.startsWith("DELETE")).length, 0);
  await visitor.press("clock.half");
  await asks.click();
  await visitor.hears("factor.remove-last");
  await really.click();
  await visitor.app.getByText(visitor.t("security.off")).waitFor();
});

test("who removes one of two is not told that the recovery codes go with it", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.later("half");
  await visitor.enrollApp();
  const second = `${visitor.t("kind.totp")} 2`;
  await visitor.press("factor.remove-named", { name: second });
  await visitor.hasFocus(visitor.button("factor.remove-really-named", { name: second }));
  assert.equal(await visitor.app.getByText(visitor.t("factor.remove-last")).count(), 0);
  await visitor.press("factor.remove-really-named", { name: second });
  await visitor.hears("factor.removed", { name: second });
});
