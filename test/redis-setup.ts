/** Starts what tests of mode `distributed` need, before the first of them, and ends it after the last. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { freshPrefix, hasRedisServer, startRedis } from "#fixtures/redis.js";

const COMMAND = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const FIXTURES = fileURLToPath(new URL("../build/test/fixtures/", import.meta.url));
const TYPESCRIPT = fileURLToPath(new URL("conformance/typescript-worker.ts", import.meta.url));
/** Not for nodes: one has names that others have too, the other throws. */
const LEFT_OUT = ["mapped.js", "load-failure.js", "redis.js"];

// oxlint-disable-next-line import/no-default-export -- as vitest wants it
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  const redis = !process.env.REDIS_URL && hasRedisServer() ? await startRedis() : undefined;
  const url = process.env.REDIS_URL ?? redis?.url;
  if (!url) return undefined;
  process.env.MANYHANDS_TEST_REDIS = url;
  process.env.MANYHANDS_BROKER = url;
  process.env.MANYHANDS_PREFIX = freshPrefix();
  // Nobody waits for them here: pools wait until there is room.
  const nodes = [startNode("one"), startNode("two")];
  return async () => {
    await Promise.all(nodes.map(end));
    await redis?.[Symbol.asyncDispose]();
  };
}

/** A node with all the fixtures, and room for every test. */
function startNode(name: string): ChildProcess {
  const modules = readdirSync(FIXTURES).filter((file) => file.endsWith(".js") && !LEFT_OUT.includes(file));
  const args = [COMMAND, "node", "--name", name, "--cpus", "48", "--memory", "1TB"];
  return spawn(process.execPath, [...args, TYPESCRIPT, ...modules.map((file) => FIXTURES + file)], {
    stdio: "ignore",
  });
}

async function end(node: ChildProcess): Promise<void> {
  if (node.exitCode !== null || node.signalCode !== null) return;
  const ended = once(node, "exit");
  node.kill("SIGTERM");
  node.kill("SIGTERM");
  await ended;
}
