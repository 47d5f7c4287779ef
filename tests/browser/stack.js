// A local stack of its own for each test: in memory, on free ports, ended with the test.

import { spawn } from "node:child_process";
import { once } from "node:events";

const BINARY = new URL("../../target/debug/local", import.meta.url).pathname;

const endings = new WeakMap();

/** Has this done at the end of the test: what was begun last ends first, and each ends whatever became of the others. */
export function atEnd(test, end) {
  if (!endings.has(test)) {
    endings.set(test, []);
    test.after(async () => {
      const failures = [];
      for (const one of endings.get(test).reverse()) await Promise.resolve().then(one).catch((error) => failures.push(error));
      if (failures.length) throw failures[0];
    });
  }
  endings.get(test).push(end);
}

/** Starts a stack, on a port of its own choosing unless said; returns where it is, and what stops it. It ends with the test. */
export async function startStack(test, port = 0) {
  const stack = spawn(BINARY, ["--port", port, "--aws-port", 0, "--memory"], { stdio: ["ignore", "pipe", "inherit"] });
  const stop = async () => {
    if (stack.kill()) await once(stack, "exit");
  };
  atEnd(test, stop);
  const url = await new Promise((found, missed) => {
    let said = "";
    stack.stdout.setEncoding("utf8");
    // Read to its end, so that the stack can always say more.
    stack.stdout.on("data", (more) => {
      said += more;
      const [, page] = /^ {2}Page {2}(\S+) /m.exec(said) ?? [];
      if (page) found(page);
    });
    stack.once("error", missed);
    stack.once("exit", () => missed(new Error("the stack did not start")));
    setTimeout(() => missed(new Error("the stack does not say where it is")), 60_000).unref();
  });
  return { url, stop };
}
