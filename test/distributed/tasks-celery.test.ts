import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ClusterNode, startNode } from "../../dist/distributed/node/start-node.js";
import { type PrivateRedis, startRedis } from "#fixtures/redis.js";

const run = promisify(execFile);
const example = (name: string): string =>
  fileURLToPath(new URL(`../../build/examples/celery/${name}.js`, import.meta.url));

describe("Celery's pattern, word for word", () => {
  let server: PrivateRedis;
  let node: ClusterNode;

  beforeAll(async () => {
    server = await startRedis();
    node = await startNode({ broker: server.url, modules: [example("tasks")], cpus: 2 });
  });

  afterAll(async () => {
    await node.stop();
    await server[Symbol.asyncDispose]();
  });

  test.each([
    ["main", /^\[ 2, 4, 6 \]\n$/],
    ["chain", /^[\da-f-]{36} (?:waiting|delayed|started)\n7\n$/],
  ])("%s prints its results, and ends", async (name, printed) => {
    const env = { ...process.env, MANYHANDS_BROKER: server.url };
    const { stdout } = await run(process.execPath, [example(name)], { env, timeout: 15_000 });
    expect(stdout).toMatch(printed);
  });
});
