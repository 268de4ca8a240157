import { afterAll, beforeAll, expect, test } from "vitest";
import { GuardedWorker, guardedTask } from "#fixtures/guarded.js";
import { resolveBroker } from "../../dist/config/broker.js";
import { definitionFor } from "../../dist/definitions/definition.js";
import { connect, type Connection } from "../../dist/distributed/broker/connection.js";
import { keysOf } from "../../dist/distributed/broker/keys.js";
import type { LineRecord } from "../../dist/distributed/line/frame.js";
import { Party } from "../../dist/distributed/line/party.js";
import { Members } from "../../dist/distributed/members/members.js";
import { type ClusterNode, type NodeEvent, startNode } from "../../dist/distributed/node/start-node.js";
import { ToNode, ToOwner } from "../../dist/distributed/records.js";
import { openQueue } from "../../dist/distributed/tasks/engine.js";
import { TaskClient } from "../../dist/distributed/tasks/client.js";
import { registrations } from "../../dist/registry.js";
import { taskRunner } from "../../dist/task-runner.js";
import { decodeFailure, type WireFailure } from "../../dist/wire/error-codec.js";
import { plainHeader, ToCaller } from "../../dist/wire/protocol.js";
import { entryBytes, EntryReader } from "../../dist/wire/codec/entry-buffer.js";
import { deserialize, serialize } from "../../dist/wire/serialize.js";
import { freshPrefix, sharedRedis } from "#fixtures/redis.js";

const broker = { url: sharedRedis(), prefix: freshPrefix(), lease: 15_000 };
const keys = keysOf(broker.prefix);
const events: NodeEvent[] = [];
let node: ClusterNode;
let connection: Connection;

beforeAll(async () => {
  connection = connect(resolveBroker(broker), "test");
  const modules = [import.meta.resolve("#fixtures/guarded.js")];
  node = await startNode({ broker, modules, cpus: 2, memory: "1GB", onEvent: (event) => events.push(event) });
});

afterAll(async () => {
  await node.kill();
  TaskClient.closeAll();
  const left = (await connection.call("KEYS", `${keys.base}:*`)) as string[];
  if (left.length > 0) await connection.call("DEL", ...left);
  connection.disconnect();
});

/** What would change prototypes, if keys were assigned or merged. */
function poisoned(): Record<string, unknown> {
  const text = '{"__proto__":{"owned":1},"constructor":{"prototype":{"owned":2}},"prototype":{"owned":3},"toString":4}';
  return JSON.parse(text) as Record<string, unknown>;
}

function expectInert(value: unknown): void {
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect(Object.keys(value as object).toSorted()).toEqual(["__proto__", "constructor", "prototype", "toString"]);
  expect((value as { owned?: unknown }).owned).toBeUndefined();
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as { owned?: unknown }).owned).toBeUndefined();
}

test("keys such as __proto__ are data, in arguments, results and start messages", async () => {
  const pool = GuardedWorker.options({ mode: "distributed", maxWorkers: 1, broker }).init(poisoned());
  expectInert(await pool.echo(poisoned()));
  expectInert(await pool.first());
  expect(await pool.inherited()).toEqual([]);
  await pool.stop();
  const { value, inherited } = await (await guardedTask.delayWith({ broker })(poisoned())).get();
  expectInert(value);
  expect(inherited).toEqual([]);
});

test("jobs and notices that others wrote are refused, and the node stays", async () => {
  const queue = openQueue("default", connection, keys.queues);
  const data = { caller: "x", args: [poisoned()], ttl: 1000 };
  const names = [
    "Guarded",
    "Guarded.echo",
    "echo",
    "constructor",
    "__proto__",
    "hasOwnProperty",
    "recordedTask",
    "eval",
  ];
  const text =
    '{"__proto__":{"delivery":"at-most-once"},"constructor":1,"caller":5,"args":{"$":"function","value":"x"}}';
  await queue.addBulk([
    ...names.map((name, at) => ({ name, data: data as never, opts: { jobId: `forged-${at}` } })),
    { name: "guardedTask", data: JSON.parse(text) as never, opts: { jobId: "malformed" } },
    { name: "guardedTask", data: null as never, opts: { jobId: "empty" } },
  ]);
  for (const notice of ["{", "null", "5", '{"revoke":{"__proto__":1}}']) {
    await connection.call("PUBLISH", keys.of("control"), notice);
  }
  for (const entry of [
    ["n", '{"placed":{"worker":"__proto__","node":"constructor"}}'],
    ["f", "\u0000"],
    ["n", "["],
  ]) {
    await connection.call("XADD", keys.inbox(node.id), "*", ...entry);
  }
  const received = (): unknown[] =>
    events.filter(({ kind }) => kind === "task-received" || kind === "task-unknown").map(({ name }) => name);
  await expect.poll(() => names.every((name) => received().includes(name)), { timeout: 8000 }).toBe(true);
  await expect.poll(() => received().filter((name) => name === "guardedTask").length).toBeGreaterThan(1);
  const started = events.filter(({ kind }) => kind === "task-started").map(({ name }) => name);
  expect(new Set(started)).toEqual(new Set(["guardedTask"]));
  // It is still there, and nothing has stuck to it.
  expect(await (await guardedTask.delayWith({ broker })("after")).get()).toEqual({ value: "after", inherited: [] });
  expect(Object.keys(Object.prototype)).toEqual([]);
  await Promise.all([...names.keys()].map((at) => queue.remove(`forged-${at}`)));
  await queue.close();
});

/** What a node answers to who is no pool. */
async function answers(
  party: Party,
  heard: readonly LineRecord[],
  link: string,
  opening: unknown,
  message?: unknown[],
): Promise<LineRecord> {
  const next = async (isMeant: (record: LineRecord) => boolean): Promise<LineRecord> => {
    const find = (): LineRecord | undefined => heard.find((record) => record.link === link && isMeant(record));
    await expect.poll(find, { timeout: 8000 }).toBeDefined();
    return find()!;
  };
  party.send(node.id, {
    link,
    kind: ToNode.open,
    payload: opening instanceof Uint8Array ? opening : serialize(opening),
  });
  if (message === undefined) return next(({ kind }) => kind !== ToOwner.data);
  await next((record) => codeOf(record) === ToCaller.ready);
  party.send(node.id, { link, kind: ToNode.data, payload: entryBytes(message) });
  return next((record) => [0, ToCaller.done, ToCaller.failed].includes(codeOf(record)));
}

/** Of the first entry of a message of a worker; 0 for what its node says. */
function codeOf({ kind, payload }: LineRecord): number {
  return kind === ToOwner.data ? (entriesOf(payload) as [number])[0] : 0;
}

function entriesOf(payload: Uint8Array): unknown[] {
  return new EntryReader().read(Buffer.from(payload));
}

function refusalOf({ kind, payload }: LineRecord): string {
  expect(kind).toBe(ToOwner.refused);
  return String(decodeFailure(deserialize(payload) as WireFailure, () => undefined, "test"));
}

test("workers that others ask for are what the node's modules define, or none", async () => {
  const heard: LineRecord[] = [];
  const id = `forger${Math.random().toString(36).slice(2)}`;
  const members = new Members(connection, resolveBroker(broker));
  await members.joinOwner(id, { host: "here", pid: 1 });
  const party = await Party.open(resolveBroker(broker), id, {
    received: (_from, records) =>
      heard.push(...records.map((record) => ({ ...record, payload: Buffer.from(record.payload) }))),
    noticed: () => {},
    broken: () => {},
    evicted: () => {},
  });
  const guarded = definitionFor(registrations().find(({ name }) => name === "Guarded")!);
  const runner = definitionFor(taskRunner);
  const methods = ["echo", "first", "inherited", "stream"];
  const opening = (change: object, blueprint: object = {}): object => ({
    name: guarded.name,
    version: guarded.version,
    start: {
      blueprint: { methods, constructorArgs: [], concurrency: 1, pool: "p", depth: 1, ...blueprint },
      identity: { index: 0, id: "w", mode: "distributed", pool: "p" },
    },
    isolation: "thread",
    ...change,
  });
  const refused = async (link: string, what: unknown): Promise<string> =>
    refusalOf(await answers(party, heard, link, what));

  expect(await refused("a", opening({ name: "constructor" }))).toContain("as it knows none");
  expect(await refused("b", opening({ name: "__proto__" }))).toContain("as it knows none");
  expect(await refused("c", opening({ name: "manyhands/JobRunner" }))).toContain("as it knows none");
  expect(await refused("d", opening({ version: "0" }))).toContain("another version");
  for (const method of ["constructor", "__proto__", "hasOwnProperty", "toString"]) {
    const link = `e-${method}`;
    expect(await refused(link, opening({}, { methods: [method, ...methods.slice(1)] }))).toContain("another version");
  }
  expect(await refused("f", opening({}, { methods: "echo" }))).toContain("not of the right form");
  expect(await refused("g", opening({ start: null }))).toContain("TypeError");
  expect(await refused("h", opening({ resourceLimits: { maxOldGenerationSizeMb: {} } }))).toContain(
    "not of the right form",
  );
  expect(await refused("i", new Uint8Array([255, 15, 92, 0]))).toContain("Error");

  // Where the module is, and what it is called there, is the node's to say.
  const elsewhere = { url: "data:text/javascript,process.exit(9)", key: "data:text/javascript,process.exit(9)#x" };
  const done = await answers(party, heard, "j", opening({}, elsewhere), [plainHeader(0, 1), 1, "hello"]);
  expect(entriesOf(done.payload)).toEqual([ToCaller.done, 1, expect.any(Number), "hello"]);
  // No such method: its worker refuses the call, or dies of it, alone.
  const none = await answers(party, heard, "n", opening({}), [plainHeader(77, 1), 1, "hello"]);
  expect(codeOf(none)).not.toBe(ToCaller.done);

  // A function by its source, and a task of a module that the node has not.
  const source = { source: "() => process.exit(9)", name: "evil" };
  const place = { url: elsewhere.url, key: elsewhere.key, name: "evil" };
  for (const [link, reference] of Object.entries({
    k: source,
    l: place,
    m: { ...source, ...place, task: "constructor" },
  })) {
    const runs = opening(
      { name: runner.name, version: runner.version },
      { methods: ["run"], constructorArgs: [{ constructor: { ...place, version: "1" } }] },
    );
    const answer = await answers(party, heard, link, runs, [plainHeader(0, 1), 1, reference]);
    expect(answer.kind).toBe(ToOwner.data);
    const entry = entriesOf(answer.payload) as [number, number, number, WireFailure];
    expect(entry[0]).toBe(ToCaller.failed);
    expect(String(decodeFailure(entry[3], () => undefined, "test"))).toMatch(/runs tasks of its own|knows none/);
  }
  await members.leaveOwner(id);
  await party.close(500);
  const pool = GuardedWorker.options({ mode: "distributed", maxWorkers: 1, broker }).init();
  expect(await pool.echo("still there")).toBe("still there");
  await pool.stop();
});
