// Screens with little room: long names, narrow windows, short bars. Also browsers with their own colors.

import assert from "node:assert/strict";
import { test } from "node:test";
import { visit } from "./visitor.js";

/** Checks that the whole element is within the window and within the app's window, from side to side. */
async function isWithin(visitor, locator) {
  const [inner, outer, wide] = await locator.evaluate((element) => {
    const sides = ({ left, right }) => ({ left, right });
    return [element, element.closest(".window")].map((one) => sides(one.getBoundingClientRect())).concat(innerWidth);
  });
  assert.ok(inner.left >= outer.left && inner.right <= outer.right && inner.right <= wide, `${locator}: ${JSON.stringify({ inner, outer, wide })}`);
}

for (const width of [1440, 360]) {
  test(`a long name leaves what is done with it within reach, ${width} pixels wide`, async (context) => {
    const visitor = await visit(context, { width });
    const name = "W".repeat(45);
    await visitor.begin();
    await visitor.press("factor.rename-named", { name: visitor.t("kind.totp") });
    await visitor.field("factor.name").fill(name);
    await visitor.press("save");
    await isWithin(visitor, visitor.button("factor.remove-named", { name }));
    await isWithin(visitor, visitor.button("factor.rename-named", { name }));
    await visitor.logOut();
    await visitor.logIn();
    const hint = visitor.app.getByText(name);
    assert.equal(await hint.evaluate((element) => element.scrollWidth - element.clientWidth), 0, "the hint is not cut off");
    await isWithin(visitor, hint);
  });
}

test("what one is brought to is there at once, also where things may move: on its way there the next screen would be drawn", async (context) => {
  const visitor = await visit(context, { width: 360, height: 640 });
  await visitor.page.emulateMedia({ reducedMotion: "no-preference" });
  const title = await visitor.page.locator("#aws h3").elementHandle();
  const top = await visitor.button("aws.panel").evaluate((jump, heading) => {
    jump.click();
    return heading.getBoundingClientRect().top;
  }, title);
  assert.ok(top >= 0 && top < 640, `it is at ${top}`);
});

test("of what is said no more than one line is seen at a time where the window is narrow, and all of it is heard", async (context) => {
  const visitor = await visit(context, { width: 360, height: 640 });
  await visitor.begin();
  await visitor.press("codes.new");
  await visitor.heading("codes.title");
  await visitor.press("copy");
  await visitor.sees("copied");
  await visitor.press("download");
  await visitor.sees("downloaded");
  const seen = visitor.page.getByRole("log").locator("p:not(.unseen)");
  const shown = await seen.evaluateAll((lines) => lines.filter((line) => getComputedStyle(line).opacity === "1").map((line) => line.textContent));
  assert.deepEqual(shown, [visitor.t("downloaded")]);
  await visitor.hears("copied");
  await visitor.hears("downloaded");
});

test("how many members have MFA is read without scrolling aside where the window is narrow", async (context) => {
  const visitor = await visit(context, { width: 360, height: 640 });
  await visitor.begin();
  await visitor.goTo("workspace");
  await visitor.press("members.show");
  const counts = visitor.t("members.summary", { mfa: 1, none: 0, sso: 0 });
  await visitor.app.getByRole("table", { name: counts }).waitFor();
  const summary = visitor.app.getByText(counts, { exact: true });
  await isWithin(visitor, summary);
  assert.equal(await visitor.app.locator(".scroll").getByText(counts, { exact: true }).count(), 0, "it does not scroll with the table");
  await visitor.isAccessible("the members");
});

/** The color in the middle of an element, as it is seen. */
async function color(visitor, locator) {
  const picture = [...(await locator.screenshot())];
  return visitor.page.evaluate(async (bytes) => {
    const image = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
    const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
    canvas.drawImage(image, 0, 0);
    return String(canvas.getImageData(image.width / 2, image.height / 2, 1, 1).data);
  }, picture);
}

test("a bar that nothing waits for is hollow, however short, and the others are filled also in forced colors", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  const [hollow, filled] = [".bar:not(.waits)", ".bar.waits"].map((bars) => visitor.page.locator("#aws").locator(bars).first());
  const within = await hollow.evaluate((bar) => {
    bar.style.setProperty("--for", 0);
    return bar.clientWidth;
  });
  assert.ok(within >= 1, `the shortest is hollow by ${within} pixels`);
  for (const forcedColors of ["none", "active"]) {
    await visitor.page.emulateMedia({ forcedColors });
    for (const bar of [hollow, filled]) await bar.evaluate((element) => element.style.setProperty("--for", 0.5));
    assert.notEqual(await color(visitor, filled), await color(visitor, hollow), `forced colors: ${forcedColors}`);
  }
});
