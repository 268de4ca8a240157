import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished, vi } from "vitest";
import { banner } from "../../dist/cli/node/banner.js";
import { expandPattern } from "../../dist/cli/node/expand-pattern.js";
import { nodeCommand } from "../../dist/cli/node/node-command.js";
import { NodeLog } from "../../dist/cli/node/node-log.js";
import { readNode } from "../../dist/cli/node/read-node.js";
import { runUntilStopped } from "../../dist/cli/node/run-until-stopped.js";
import { commandHelp } from "../../dist/cli/help.js";
import { optionsOf, parseArguments } from "../../dist/cli/parse-arguments.js";
import { resolveBroker } from "../../dist/config/broker.js";
import { loadDefinitions } from "../../dist/distributed/definitions/load-definitions.js";
import type { NodeFacts } from "../../dist/distributed/members/members.js";
import type { ClusterNode, NodeEvent } from "../../dist/distributed/node/start-node.js";
import { runCli } from "./run-cli.js";

const SHOP = fileURLToPath(new URL("../../build/test/fixtures/definitions/shop.js", import.meta.url));
const ESCAPE = "\u001B[";

const FACTS: NodeFacts = {
  id: "web-1-4f2c",
  name: "web-1",
  host: "web-1.example.net",
  pid: 1,
  cpus: 0.5,
  memory: 1.5 * 2 ** 30,
  resources: { gpu: 1 },
  definitions: {},
  node: "v20.19.0",
  version: "0.1.0",
  format: 1,
  startedAt: 0,
  queues: ["default", "images"],
};

const read = (...argv: string[]): object => {
  const { values, positionals } = parseArguments(nodeCommand, ["node", ...argv], process);
  return readNode(values, positionals);
};

it("reads what the node shall be", () => {
  const argv =
    "--redis redis://h:1 --prefix p --lease 2s --cpus 0.5 --memory 16GB --resource gpu=1 --resource fpga=0.5 " +
    "--queue a --queue b,c --name web ./x.js ./x.js y.ts";
  expect(read(...argv.split(" "))).toMatchObject({
    broker: { url: "redis://h:1", prefix: "p", lease: 2000 },
    modules: ["./x.js", "y.ts"],
    cpus: 0.5,
    memory: "16GB",
    resources: { gpu: 1, fpga: 0.5 },
    queues: ["a", "b", "c"],
    name: "web",
  });
});

it.each<[string, string]>([
  ["", "Cannot start a node as no module was named: name those that call worker() and task(), as in ./workers.js"],
  ["./nowhere.js", "Cannot load './nowhere.js' as there is no such file: write its path"],
  ["./nowhere/*.js", "Cannot find modules for './nowhere/*.js' as no file matches it"],
  ["x.js --resource gpu", "Cannot set '--resource' as it must be a name and an amount, as in gpu=1"],
  ["x.js --resource gpu=1 --resource gpu=2", "Cannot set '--resource' as 'gpu' is set already: give one amount"],
  ["x.js --cpus many", "Cannot set '--cpus' as it must be a number from 0 on: current value is 'many'"],
  ["x.js --cpus 1 --cpus 2", "Cannot set '--cpus' as it is set already: choose one"],
  ["x.js --lease 5", "Cannot set '--lease' as it must be a time such as 500ms"],
  ["x.js --lease 5ms", "Cannot set 'broker.lease' as it must be at least 1000 ms: current value is 5"],
  ["x.js --redis host", "its url must begin with redis:// or rediss://: current value is 'host'"],
  ["x.js --gpu 1", "Cannot use '--gpu' as there is no such option"],
])("refuses '%s'", async (argv, message) => {
  const { code, stderr, stdout } = await runCli(["node", ...argv.split(" ").filter(Boolean)]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(message);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
});

it("refuses modules that define nothing", async () => {
  const plain = fileURLToPath(new URL("../../build/test/fixtures/functions.js", import.meta.url));
  const { code, stderr } = await runCli(["node", plain]);
  expect(code).toBe(2);
  expect(stderr).toContain("functions.js' defines none: call worker() or task() at the top level");
});

it("finds files by patterns", () => {
  const folder = mkdtempSync(join(tmpdir(), "manyhands-pattern-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "a/b"), { recursive: true });
  mkdirSync(join(folder, "node_modules"));
  for (const name of ["one.js", "a/two.js", "a/b/three.js", "a/b/note.txt", "node_modules/no.js"]) {
    writeFileSync(join(folder, name), "");
  }
  const found = (pattern: string): string[] =>
    expandPattern(`${folder}/${pattern}`).map((path) => path.slice(folder.length + 1).replaceAll("\\", "/"));
  expect(found("*.js")).toEqual(["one.js"]);
  expect(found("**/*.js")).toEqual(["a/b/three.js", "a/two.js", "one.js"]);
  expect(found("?/t?o.js")).toEqual(["a/two.js"]);
  expect(found("one.js")).toEqual(["one.js"]);
  expect(expandPattern("file:///x*.js")).toEqual(["file:///x*.js"]);
  expect(() => found("*.ts")).toThrow("as no file matches it: write their paths");
});

it("has a help of 80 columns with every option", () => {
  const help = commandHelp(nodeCommand);
  for (const name of Object.keys(optionsOf(nodeCommand))) expect(help).toContain(` --${name}`);
  for (const line of help.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});

it("says who it is in 80 columns, without the password", async () => {
  const definitions = (await loadDefinitions([SHOP])).values();
  const broker = resolveBroker({ url: "redis://bob:secret@redis.example.net:6379/3", prefix: "manyhands" });
  const text = banner({ facts: FACTS, broker, definitions, version: "0.1.0" }, false);
  expect(text).toContain("\n  node      web-1-4f2c\n");
  expect(text).toContain(
    "\n  broker    redis://bob:***@redis.example.net:6379/3\n            prefix manyhands, lease 10 s\n",
  );
  expect(text).toContain("\n  room      0.5 cpus, 1.5 GB of memory, 1 gpu\n  queues    default, images\n");
  expect(text).toMatch(/\n\[tasks\]\n {2}\. add {5}[\da-f]{12}\n {2}\. double {2}[\da-f]{12}\n/);
  expect(text).toMatch(/\n {2}\. steady {2}2\.1\.0-rc\n/);
  expect(text).toMatch(/\n\[workers\]\n {2}\. Till {2}[\da-f]{12}\n\n$/);
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  expect(text).not.toContain(ESCAPE);
});

interface Captured {
  readonly log: NodeLog;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

function capture(settings = { isJson: false, isQuiet: false }): Captured {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const text = (stream: PassThrough): (() => string) => {
    let all = "";
    stream.on("data", (chunk: Buffer) => (all += chunk.toString()));
    return () => all;
  };
  return { log: new NodeLog(streams, settings), stdout: text(streams.stdout), stderr: text(streams.stderr) };
}

const AT = new Date(2026, 10, 26, 4, 50, 0, 123).getTime();
const event = (kind: NodeEvent["kind"], facts: object): NodeEvent => ({ kind, at: AT, ...facts });
const ADD = { name: "add", id: "4f2c" };
const FAILURE = Object.assign(new RangeError("Too far\nby far", { cause: new Error("root") }), {
  stack: "RangeError: Too far\nby far\n    at add (/app/tasks.js:1:2)",
});

const EVENTS: readonly NodeEvent[] = [
  event("ready", {}),
  event("task-received", ADD),
  event("task-started", ADD),
  event("task-succeeded", { ...ADD, ran: 1.234, result: { sum: 2, text: "x".repeat(200) } }),
  event("task-retry", { ...ADD, delay: 2000, error: new Error("Not yet") }),
  event("task-failed", { ...ADD, ran: 12, error: FAILURE }),
  event("task-unknown", ADD),
  event("task-revoked", { name: `${ESCAPE}31madd\u0007`, id: "9" }),
  event("worker-started", { worker: "w1", name: "Hasher", owner: "desk-7" }),
  event("worker-ended", { worker: "w1", name: "Hasher", reason: "exit", exitCode: 3 }),
  event("broker-away", { error: new Error("connect ECONNREFUSED") }),
  event("broker-back", {}),
  event("broker-error" as NodeEvent["kind"], { error: "OOM" }),
  event("broker-error" as NodeEvent["kind"], { error: "OOM" }),
  event("fenced", {}),
];

it("logs like a worker people know", () => {
  const { log, stderr, stdout } = capture();
  for (const each of EVENTS) log.event(each);
  log.event(event("task-failed", { ...ADD, ran: 1, state: "expired", error: FAILURE }));
  const lines = stderr().split("\n");
  const head = "[2026-11-26 04:50:00,123]";
  expect(lines).toContain(`${head} INFO add[4f2c] received`);
  expect(stderr()).toMatch(/INFO add\[4f2c\] succeeded in 0\.0012s: \{ sum: 2, text: 'x+…\n/);
  expect(lines).toContain(`${head} WARN add[4f2c] retry in 2s: Error: Not yet`);
  expect(lines).toContain(`${head} ERROR add[4f2c] failed in 0.0120s: RangeError: Too far`);
  expect(stderr()).toContain("\n    at add (/app/tasks.js:1:2) {\n");
  expect(stderr()).toContain("[cause]: Error: root\n");
  expect(stderr()).toMatch(/WARN \[9\] revoked\n/);
  expect(stderr().split("at add (")).toHaveLength(2);
  expect(lines).toContain(`${head} WARN add[4f2c] expired: RangeError: Too far`);
  expect(lines).toContain(`${head} WARN add[4f2c] left to other nodes: no module of this one defines it`);
  expect(lines).toContain(`${head} INFO worker Hasher[w1] placed here for desk-7`);
  expect(lines).toContain(`${head} WARN worker Hasher[w1] exited with code 3`);
  expect(lines).toContain(`${head} WARN the broker is away: Error: connect ECONNREFUSED`);
  expect(lines).toContain(`${head} INFO the broker is back`);
  expect(lines.find((line) => line.includes("fenced"))).toMatch(/WARN fenced: /);
  expect(stderr().match(/WARN the broker: OOM\n/g)).toHaveLength(1);
  expect(stdout() + stderr()).not.toContain(ESCAPE);
  expect(stderr()).not.toContain("\u0007");
});

it("logs warnings and errors alone, when it shall be quiet, and with colours where there are some", () => {
  vi.stubEnv("NO_COLOR", undefined);
  vi.stubEnv("FORCE_COLOR", "1");
  onTestFinished(() => void vi.unstubAllEnvs());
  const quiet = capture({ isJson: false, isQuiet: true });
  for (const each of EVENTS) quiet.log.event(each);
  quiet.log.show("banner");
  expect(quiet.stderr()).not.toMatch(/INFO|banner/);
  expect(quiet.stderr()).toContain(`${ESCAPE}31mERROR${ESCAPE}39m add[4f2c]${ESCAPE}31m failed${ESCAPE}39m in`);
});

it("logs a line of JSON for all that happens", () => {
  const { log, stderr, stdout } = capture({ isJson: true, isQuiet: false });
  for (const each of EVENTS) log.event(each);
  const cyclic: { self?: object; big: bigint; map: object } = { big: 5n, map: new Map([[1, 2]]) };
  log.event(event("task-succeeded", { ...ADD, result: cyclic }));
  cyclic.self = cyclic;
  log.event(event("task-succeeded", { ...ADD, result: cyclic }));
  log.say("stopped", "INFO", "stopped");
  expect(stderr()).toBe("");
  const lines = stdout().trimEnd().split("\n");
  const parsed = lines.map((line) => JSON.parse(line) as { kind: string });
  expect(parsed.map(({ kind }) => kind)).toEqual([
    ...new Set(EVENTS.map(({ kind }) => kind)),
    "task-succeeded",
    "task-succeeded",
    "stopped",
  ]);
  expect(parsed.find(({ kind }) => kind === "task-failed")).toMatchObject({
    ...ADD,
    error: { name: "RangeError", message: "Too far\nby far", cause: { message: "root" } },
  });
  expect(parsed.at(-3)).toMatchObject({ result: { big: "5", map: "Map(1) { 1 => 2 }" } });
  expect(parsed.at(-2)).toMatchObject({ name: "add", result: expect.stringContaining("[Circular") as string });
});

/** A node of which a test decides when it has stopped. */
function fakeNode(): { node: ClusterNode; calls: string[]; stopped: () => void; closed: () => void } {
  const calls: string[] = [];
  let stopped = (): void => {};
  let closed = (): void => {};
  const node: ClusterNode = {
    id: FACTS.id,
    facts: FACTS,
    stop: async (options) => {
      calls.push(`stop ${options?.timeout === 0x7fff_ffff ? "warm" : options?.timeout}`);
      await new Promise<void>((resolve) => (stopped = resolve));
    },
    kill: async () => void calls.push("kill"),
    closed: new Promise((resolve) => (closed = resolve)),
    [Symbol.asyncDispose]: async () => {},
  };
  return { node, calls, stopped: () => stopped(), closed: () => closed() };
}

it("stops warmly by the first signal, and says what it waits for", async () => {
  const { node, calls, stopped } = fakeNode();
  const { log, stderr } = capture();
  const ready: string[] = [];
  const code = runUntilStopped(
    async (onEvent) => {
      for (const id of ["1", "2", "3", "4"]) onEvent(event("task-started", { name: "add", id }));
      onEvent(event("task-succeeded", { name: "add", id: "2", result: 1 }));
      onEvent(event("worker-started", { worker: "w1", name: "Hasher" }));
      return node;
    },
    { log, grace: undefined, ready: ({ id }) => ready.push(id) },
  );
  const before = process.listenerCount("SIGTERM");
  await expect.poll(() => ready).toEqual([FACTS.id]);
  process.emit("SIGTERM", "SIGTERM");
  await expect.poll(() => calls).toEqual(["stop warm"]);
  expect(stderr()).toContain(
    "WARN stopping: no more is taken, waiting for 3 tasks and 1 worker: add[1], add[3], add[4] and 1 more; once more",
  );
  stopped();
  expect(await code).toBe(0);
  expect(stderr()).toMatch(/INFO stopped\n$/);
  expect(process.listenerCount("SIGTERM")).toBe(before - 1);
});

it.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("ends at once by a second %s", async (signal, exit) => {
  const { node, calls } = fakeNode();
  const { log, stderr } = capture();
  const code = runUntilStopped(async () => node, { log, grace: 500, ready: () => void process.emit(signal, signal) });
  await expect.poll(() => calls).toEqual(["stop 500"]);
  expect(stderr()).toContain("WARN stopping: nothing runs\n");
  process.emit(signal, signal);
  expect(await code).toBe(exit);
  expect(calls).toEqual(["stop 500", "kill"]);
  expect(stderr()).toMatch(/WARN ended at once\n$/);
});

it("does not wait for a broker that is away when nothing runs any more", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { node, calls } = fakeNode();
  const { log, stderr } = capture();
  let tell: ((event: NodeEvent) => void) | undefined;
  const code = runUntilStopped(
    async (onEvent) => {
      tell = onEvent;
      onEvent(event("task-started", { name: "add", id: "1" }));
      return node;
    },
    { log, grace: undefined, ready: () => void process.emit("SIGTERM", "SIGTERM") },
  );
  await vi.advanceTimersByTimeAsync(25_000);
  expect(stderr().match(/INFO still waiting for 1 task: add\[1\]\n/g)).toHaveLength(2);
  tell!(event("task-failed", { name: "add", id: "1", error: new Error("No") }));
  await vi.advanceTimersByTimeAsync(4000);
  expect(calls).toEqual(["stop warm"]);
  await vi.advanceTimersByTimeAsync(2500);
  expect(await code).toBe(1);
  expect(calls).toEqual(["stop warm", "kill"]);
  expect(stderr()).toMatch(/WARN ended, though the broker does not answer\n$/);
});

it("has failed when it cannot start, or ends by itself", async () => {
  const before = process.listenerCount("SIGINT");
  const { node, closed } = fakeNode();
  const { log, stderr } = capture();
  const code = runUntilStopped(async () => node, { log, grace: undefined, ready: closed });
  expect(await code).toBe(1);
  expect(stderr()).toContain("ERROR the node has ended by itself\n");
  const start = async (): Promise<ClusterNode> => Promise.reject(new Error("No room"));
  await expect(runUntilStopped(start, { log, grace: undefined, ready: () => {} })).rejects.toThrow("No room");
  expect(process.listenerCount("SIGINT")).toBe(before);
});
