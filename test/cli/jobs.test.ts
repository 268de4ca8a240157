import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ClusterNode, startNode } from "manyhands/distributed";
import { jobsCommand } from "../../dist/cli/jobs/jobs-command.js";
import { commandHelp } from "../../dist/cli/help.js";
import { optionsOf } from "../../dist/cli/parse-arguments.js";
import { connect } from "../../dist/distributed/broker/connection.js";
import { resolveBroker } from "../../dist/config/broker.js";
import { TaskClient } from "../../dist/distributed/tasks/client.js";
import { add, decline, sleep } from "#fixtures/delayed.js";
import { freshPrefix, sharedRedis } from "#fixtures/redis.js";
import { type CliResult, runCli } from "./run-cli.js";

const DELAYED = fileURLToPath(new URL("../../build/test/fixtures/delayed.js", import.meta.url));
const broker = { url: sharedRedis(), prefix: freshPrefix(), lease: 1000 };
let node: ClusterNode;

const jobs = async (...args: string[]): Promise<Omit<CliResult, "signal">> =>
  runCli(["jobs", ...args, "--redis", broker.url, "--prefix", broker.prefix]);

beforeAll(async () => {
  node = await startNode({ broker, modules: [DELAYED], cpus: 2, queues: ["default", "images"] });
  const results = [
    await add.delayWith({ broker, id: "one" })(1, 1),
    await decline.delayWith({ broker, id: "two" })(7),
    await add.delayWith({ broker, id: "three", queue: "images" })(2, 2),
  ];
  await Promise.allSettled(results.map(async (result) => result.get({ timeout: 10_000 })));
  await add.delayWith({ broker, id: "later", countdown: 60_000 })(3, 3);
});

afterAll(async () => {
  await node.kill();
  TaskClient.closeAll();
  const connection = connect(resolveBroker(broker), "test");
  const keys = (await connection.call("KEYS", `{${broker.prefix}}*`)) as string[];
  if (keys.length > 0) await connection.call("DEL", ...keys);
  connection.disconnect();
});

it("counts the jobs of each queue", async () => {
  const { code, stdout, stderr } = await jobs();
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.split("\n").map((line) => line.split(/ +/).join(" "))).toEqual([
    "QUEUE WAITING DELAYED STARTED SUCCEEDED FAILED",
    "default 0 1 0 1 1",
    "images 0 0 0 1 0",
    "",
  ]);
  expect(JSON.parse((await jobs("--json", "--queue", "images")).stdout)).toEqual({
    exitCode: 0,
    queues: [{ queue: "images", waiting: 0, delayed: 0, started: 0, succeeded: 1, failed: 0 }],
  });
});

it("lists jobs, the newest first", async () => {
  const { stdout } = await jobs("--state", "failed");
  expect(stdout).toMatch(/^ID +TASK +AGE +RUNS +ERROR\ntwo +decline +\d+s +1 +Declined: declined\n$/);
  const { jobs: listed } = JSON.parse((await jobs("--state", "succeeded", "--json")).stdout) as { jobs: object[] };
  expect(listed).toMatchObject([
    { id: "images~three", task: "add", queue: "images", result: 4 },
    { id: "one", task: "add", queue: "default", result: 2, attempts: 1 },
  ]);
  expect((await jobs("--state", "succeeded", "--limit", "1")).stdout.split("\n")).toHaveLength(3);
  expect((await jobs("--state", "started")).stdout).toBe("There are no such jobs\n");
});

it("shows all of a job", async () => {
  const { stdout } = await jobs("show", "two");
  expect(stdout).toMatch(/^decline two\n {2}queue {5}default\n {2}state {5}failed\n {2}runs {6}1\n {2}created {3}20/);
  expect(stdout).toMatch(/\n {2}arguments \[7\]\n/);
  expect(stdout).toMatch(/\n {2}error {5}Declined: declined\n {4}at /);
  expect(JSON.parse((await jobs("show", "one", "--json")).stdout)).toMatchObject({
    exitCode: 0,
    job: { id: "one", state: "succeeded", result: 2, data: { args: [1, 1] } },
  });
});

it("puts jobs back, and revokes them", async () => {
  expect((await jobs("retry", "two")).stdout).toBe("decline two: is in its queue again\n");
  await expect
    .poll(async () => (await jobs("show", "two")).stdout, { timeout: 10_000 })
    .toMatch(/failed\n {2}runs {6}2\n/);
  expect((await jobs("revoke", "later")).stdout).toBe("add later: revoked\n");
  expect((await jobs("show", "later")).code).toBe(1);
  const running = await sleep.delayWith({ broker, id: "running" })(60_000);
  await expect.poll(async () => running.state(), { timeout: 10_000 }).toBe("started");
  expect(await jobs("retry", "running")).toMatchObject({
    code: 1,
    stderr: "manyhands jobs: Cannot retry 'running' as it has not ended: it is started\n",
  });
  expect((await jobs("revoke", "running", "--terminate")).code).toBe(0);
  await expect(running.get({ timeout: 10_000 })).rejects.toMatchObject({ code: "MH_CANCELLED" });
  expect((await jobs("revoke", "one")).stderr).toContain("Cannot revoke 'one' as it has ended: it succeeded");
});

it.each<[string[], number, string]>([
  [["show", "nobody"], 1, "Cannot show 'nobody' as there is no such job: it never was, or is kept no longer"],
  [["sho", "x"], 2, "Cannot 'sho' jobs as there is no such action: did you mean 'show'?"],
  [["show"], 2, "Cannot show a job as no id was given: manyhands jobs show ID"],
  [["show", "a", "b"], 2, "Cannot show 'b' too as it is one job at a time"],
  [["show", "a", "--state", "failed"], 2, "Cannot show a job with --state, --queue or --limit as its id says all"],
  [["retry", "a", "--terminate"], 2, "Cannot retry a job with --terminate as it says how to revoke: leave it out"],
  [["--state", "faild"], 2, "did you mean 'failed'?"],
  [["--limit", "5"], 2, "Cannot set '--limit' as jobs are counted, not listed: add --state"],
  [["--queue", "imges"], 2, "Cannot find the queue 'imges' as it was never used: did you mean 'images'?"],
])("refuses %j", async (args, exit, message) => {
  const { code, stdout, stderr } = await jobs(...args);
  expect([code, stdout]).toEqual([exit, ""]);
  expect(stderr).toContain(message);
});

it("has a help of 80 columns with every option", () => {
  const help = commandHelp(jobsCommand);
  for (const name of Object.keys(optionsOf(jobsCommand))) expect(help).toContain(` --${name}`);
  for (const line of help.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});
