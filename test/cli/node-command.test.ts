import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { resolveBroker } from "../../dist/config/broker.js";
import { connect } from "../../dist/distributed/broker/connection.js";
import { TaskClient } from "../../dist/distributed/tasks/client.js";
import { add, decline, sleep } from "#fixtures/delayed.js";
import { freshPrefix, sharedRedis } from "#fixtures/redis.js";
import { type RunningCli, startCli } from "./run-cli.js";

const DELAYED = fileURLToPath(new URL("../../build/test/fixtures/delayed.js", import.meta.url));
const broker = { url: sharedRedis(), prefix: freshPrefix(), lease: 1000 };

const startNode = (queue: string): RunningCli => {
  const where = ["--redis", broker.url, "--prefix", broker.prefix, "--lease", "1s"];
  const what = ["--cpus", "2", "--memory", "64MB", "--name", `web-${queue}`, "--queue", queue];
  return startCli(["node", DELAYED, ...where, ...what]);
};

afterAll(async () => {
  TaskClient.closeAll();
  const connection = connect(resolveBroker(broker), "test");
  const keys = (await connection.call("KEYS", `{${broker.prefix}}*`)) as string[];
  if (keys.length > 0) await connection.call("DEL", ...keys);
  connection.disconnect();
});

it.skipIf(process.platform === "win32")("runs tasks, logs them, and shuts down warmly on SIGTERM", async () => {
  const node = startNode("warm");
  await node.says("INFO web-warm is ready\n");
  const to = { broker, queue: "warm" };
  const sum = await add.delayWith({ ...to, id: "one" })(1, 1);
  expect(await sum.get({ timeout: 10_000 })).toBe(2);
  const declined = await decline.delayWith({ ...to, id: "two" })(3);
  await expect(declined.get({ timeout: 10_000 })).rejects.toThrow("declined");
  const slow = await sleep.delayWith({ ...to, id: "three" })(1500);
  await expect.poll(async () => slow.state(), { timeout: 5000 }).toBe("started");
  node.child.kill("SIGTERM");
  await node.says(
    "WARN stopping: no more is taken, waiting for 1 task: sleep[warm~three]; once more ends them at once\n",
  );
  const late = await add.delayWith({ ...to, id: "four" })(2, 2);
  expect(await slow.get({ timeout: 10_000 })).toBe("slept");
  const { code, stdout, stderr } = await node.result;
  expect([code, stdout]).toEqual([0, ""]);
  expect(stderr).toMatch(/\n {2}room {6}2 cpus, 64 MB of memory\n {2}queues {4}warm\n\n\[tasks\]\n {2}\. add /);
  expect(stderr).toMatch(/\] INFO add\[warm~one\] received\n/);
  expect(stderr).toMatch(/\] INFO add\[warm~one\] succeeded in \d\.\d{4}s: 2\n/);
  expect(stderr).toMatch(/\] ERROR decline\[warm~two\] failed in \d\.\d{4}s: Declined: declined\n {4}at /);
  expect(stderr).toMatch(/INFO sleep\[warm~three\] succeeded in 1\.\d{4}s: 'slept'\n.* INFO stopped\n$/);
  expect(stderr).not.toContain("warm~four");
  expect(await late.state()).toBe("waiting");
});

it.skipIf(process.platform === "win32")("ends at once by the second signal", async () => {
  const node = startNode("hurried");
  await node.says("is ready\n");
  const slow = await sleep.delayWith({ broker, queue: "hurried", id: "five" })(60_000, false);
  await expect.poll(async () => slow.state(), { timeout: 5000 }).toBe("started");
  node.child.kill("SIGTERM");
  await node.says("WARN stopping: ");
  const since = performance.now();
  node.child.kill("SIGTERM");
  const { code, stderr } = await node.result;
  expect(code).toBe(143);
  expect(performance.now() - since).toBeLessThan(4000);
  expect(stderr).toMatch(/WARN ended at once, with 1 task: sleep\[hurried~five\]\n$/);
  // Its job is there for another node.
  expect(await slow.state()).not.toBe("failed");
});
