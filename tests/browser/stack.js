// A local stack of its own for each test: in memory, on free ports, ended with the test.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";

const BINARY = new URL("../../target/debug/local", import.meta.url).pathname;

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Starts a stack; returns where it is. It ends with the test. */
export async function startStack(test) {
  const [port, awsPort] = [await freePort(), await freePort()];
  const stack = spawn(BINARY, ["--port", port, "--aws-port", awsPort, "--memory"], { stdio: ["ignore", "ignore", "inherit"] });
  test.after(() => stack.kill());
  const url = `http://127.0.0.1:${port}/`;
  for (let tries = 0; tries < 200; tries += 1) {
    if (stack.exitCode !== null) throw new Error("the stack did not start");
    if (await fetch(url).then(({ ok }) => ok, () => false)) return url;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the stack does not answer");
}
