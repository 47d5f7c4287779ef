// Setting a second factor up: who may, how many, and when it goes wrong.

import assert from "node:assert/strict";
import { test } from "node:test";
import { visit } from "./visitor.js";

for (const kind of ["totp", "sms"]) {
  test(`a first factor (${kind}) is not begun at an open browser without the password`, async (context) => {
    const visitor = await visit(context);
    await visitor.logIn();
    await visitor.goTo("security");
    await visitor.press(`enroll.${kind}.add`);
    await visitor.heading("password.title");
    await visitor.press("cancel");
    await visitor.told("problem.cancelled");
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

test("a second factor takes the first one's code, and no password", async (context) => {
  const visitor = await visit(context);
  const { secret } = await visitor.begin();
  await visitor.later("quarter");
  await visitor.press("enroll.totp.add");
  await visitor.heading("challenge.again");
  await visitor.type(await visitor.next(secret));
  await visitor.press("challenge.check");
  await visitor.heading("enroll.totp.title");
});

test("who has removed their last factor gives the password before another", async (context) => {
  const visitor = await visit(context);
  await visitor.begin();
  await visitor.press("factor.remove-named", { name: visitor.t("kind.totp") });
  await visitor.app.getByText(visitor.t("security.off")).waitFor();
  await visitor.enrolApp({ first: true });
  await visitor.heading("codes.title");
});

test("nobody who has no factor any more confirms a change by being let in without one", async (context) => {
  const visitor = await visit(context);
  const { codes } = await visitor.begin();
  const other = await visit(context, { at: visitor.url });
  await other.logIn();
  await other.press("challenge.use-recovery");
  await other.type(codes[0], "recovery.label");
  await other.press("challenge.check");
  await other.heading("security.title");
  await other.press("factor.remove-named", { name: other.t("kind.totp") });
  await other.app.getByText(other.t("security.off")).waitFor();
  await visitor.press("factor.remove-named", { name: visitor.t("kind.totp") });
  await visitor.told("problem.no-factor");
});
