// Each test has its own local stack: in memory, on free ports, and stopped at the end of the test.

import { spawn } from "node:child_process";
import { once } from "node:events";

const BINARY = new URL("../../target/debug/local", import.meta.url).pathname;

const endings = new WeakMap();

/** Runs `end` at the end of the test. The last one added runs first, and each runs even if others fail. */
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

/** Starts a stack, on a free port by default. Returns its URL and a function that stops it. It ends with the test. */
export async function startStack(test, port = 0) {
  const stack = spawn(BINARY, ["--port", port, "--aws-port", 0, "--memory"], { stdio: ["ignore", "pipe", "inherit"] });
  const stop = async () => {
    if (stack.kill()) await once(stack, "exit");
  };
  atEnd(test, stop);
  const url = await new Promise((found, missed) => {
    let said = "";
    stack.stdout.setEncoding("utf8");
    // Reads all output, so that the stack never blocks.
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
