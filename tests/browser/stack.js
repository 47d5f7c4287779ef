// A local stack of its own for each test: in memory, on free ports, ended with the test.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";

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

/** A port that is free. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Starts a stack, on other ports unless said; returns where it is, and what stops it. It ends with the test. */
export async function startStack(test, ports) {
  const [port, awsPort] = ports ?? [await freePort(), await freePort()];
  const stack = spawn(BINARY, ["--port", port, "--aws-port", awsPort, "--memory"], { stdio: ["ignore", "ignore", "inherit"] });
  const stop = async () => {
    if (stack.kill()) await once(stack, "exit");
  };
  atEnd(test, stop);
  const url = `http://127.0.0.1:${port}/`;
  for (let tries = 0; tries < 200; tries += 1) {
    if (stack.exitCode !== null) throw new Error("the stack did not start");
    if (await fetch(url).then(({ ok }) => ok, () => false)) return { url, stop };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the stack does not answer");
}
