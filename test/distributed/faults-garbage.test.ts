/** What happens to nodes and callers when workers end badly in their node, and when inboxes hold what nobody of us sent. */
import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { connect } from "../../dist/distributed/broker/connection.js";
import { Link } from "../../dist/distributed/caller/link.js";
import { keysOf } from "../../dist/distributed/broker/keys.js";
import { resolveBroker } from "../../dist/config/broker.js";
import { encodeFrame, type LineRecord } from "../../dist/distributed/line/frame.js";
import { readEnding, readOpening, ToNode, ToOwner } from "../../dist/distributed/records.js";
import { definitionFor } from "../../dist/definitions/definition.js";
import { sourceOf } from "../../dist/pool/open-pool.js";
import { plainHeader, ToHost } from "../../dist/wire/protocol.js";
import { serialize } from "../../dist/wire/serialize.js";
import { RecordedWorker } from "#fixtures/recorded.js";
import { FaultCluster, until } from "./fault-cluster.js";

/** An object whose own property has a name that means something else when it is assigned. */
const POLLUTING = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as object;

/** Everything but a sensible record. */
const GARBAGE: readonly unknown[] = [
  undefined,
  null,
  42,
  "text",
  [],
  {},
  POLLUTING,
  { details: { reason: 7 } },
  { details: { reason: "exit" }, begun: "many" },
  { name: "__proto__", version: "1", start: { blueprint: POLLUTING, identity: POLLUTING } },
];

describe("what nobody of us sent", { timeout: 120_000 }, () => {
  test("is not read as what it is not", () => {
    for (const value of GARBAGE) {
      expect(() => readOpening(serialize(value))).toThrow(TypeError);
      expect(() => readEnding(serialize(value))).toThrow(TypeError);
    }
    expect(() => readOpening(randomBytes(64))).toThrow();
    expect(() => readOpening(new Uint8Array(0))).toThrow();
  });

  test("ends the worker that it is said to come from, and nothing else", () => {
    const unreadable: unknown[] = [];
    const ended: unknown[] = [];
    const events = { exited: (...end: unknown[]) => ended.push(end), failed: (error: unknown) => ended.push(error) };
    const setup = { start: { identity: { pool: "p" } } };
    const link = new Link({} as never, "link", setup as never, { name: "Recorded", version: "1" }, events as never);
    link.onMessage = () => {
      throw new TypeError("no message");
    };
    link.onUnreadable = (error) => unreadable.push(error);
    const payloads = [new Uint8Array(0), randomBytes(200), ...GARBAGE.map(serialize)];
    for (const kind of [ToOwner.data, ToOwner.exited, ToOwner.refused]) {
      for (const payload of payloads) link.received(kind, payload);
    }
    link.received(99, randomBytes(9));
    expect(ended).toEqual([]);
    expect(unreadable).toHaveLength(3 * payloads.length);
  });

  test("leaves nodes and callers as they are", async () => {
    await using cluster = new FaultCluster();
    const { broker, record } = cluster;
    const node = await cluster.node();
    const options = { mode: "distributed", broker, maxWorkers: 1 } as const;
    await using pool = RecordedWorker.options(options).init(record);
    await using victim = RecordedWorker.options(options).init(record);
    await Promise.all([pool.ready(), victim.ready()]);
    const redis = connect(resolveBroker(broker), "test");
    const keys = keysOf(resolveBroker(broker).prefix);
    const put = async (to: string, field: string, value: string | Buffer): Promise<unknown> =>
      redis.call("XADD", keys.inbox(to), "NOMKSTREAM", "*", field, value);
    let numbers = 0;
    const send = async (to: string, from: string, records: readonly LineRecord[]): Promise<void> => {
      numbers += 1;
      const head = { from, session: 1, number: numbers, taken: 0, isSync: false };
      await put(to, "f", encodeFrame(head, records));
    };
    const inboxes = ((await redis.call("KEYS", `${keys.base}:inbox:*`)) as string[]).map((key) =>
      key.slice(keys.inbox("").length),
    );
    expect(inboxes).toHaveLength(2);
    const workers = (await redis.call("SMEMBERS", keys.of("members", "node-workers", node.id))) as string[];

    const kinds = [0, ...Object.values(ToNode), 99];
    const payloads = [new Uint8Array(0), randomBytes(200), ...GARBAGE.map(serialize)];
    for (const id of inboxes) {
      for (const field of ["f", "n", "x"]) {
        await put(id, field, randomBytes(300));
        await put(id, field, "");
        await put(id, field, '{"placed":{"worker":"__proto__","node":"__proto__"},"dead":{"node":7}}');
        await put(id, field, '{"__proto__":{"polluted":true}}');
        await put(id, field, "[".repeat(5000));
      }
      // From somebody else, for links that are there, and for some that are not.
      await send(
        id,
        `stranger-${id}`,
        [...workers, "__proto__", "nobody"].flatMap((to) =>
          kinds.flatMap((kind) => payloads.map((payload) => ({ link: to, kind, payload }))),
        ),
      );
      numbers = 0;
    }

    // A real opening, with names that are none of its class, and a start message that is more than it should be.
    const blueprint = {
      key: "../../../../etc/passwd",
      url: "data:text/javascript,process.exit(9)",
      name: "constructor",
      methods: ["constructor", "__proto__", "toString", "eval"],
      constructorArgs: [record],
      concurrency: 1,
      pool: "p",
      depth: 0,
      ...POLLUTING,
    };
    const identity = { index: 0, id: "p/1", mode: "distributed", pool: "p" };
    const { version } = definitionFor(RecordedWorker.registration);
    const own = sourceOf(RecordedWorker.registration).methods.map(({ name }) => name);
    const opening = (methods: readonly string[], more: object = {}): Buffer =>
      serialize({
        name: "Recorded",
        version,
        start: { blueprint: { ...blueprint, methods }, identity },
        isolation: "thread",
        resourceLimits: undefined,
        ...more,
      });
    await send(node.id, "stranger-2", [
      { link: "s1", kind: ToNode.open, payload: opening(blueprint.methods) },
      { link: "s2", kind: ToNode.open, payload: opening(own, { name: "constructor" }) },
      { link: "s3", kind: ToNode.open, payload: opening(own, { version: "0" }) },
      { link: "s4", kind: ToNode.open, payload: opening(own, { resourceLimits: { maxOldGenerationSizeMb: "x" } }) },
      { link: "s5", kind: ToNode.open, payload: opening(own) },
      {
        link: "s6",
        kind: ToNode.open,
        payload: opening(own, { start: { blueprint: { ...blueprint, methods: own } } }),
      },
      { link: "s7", kind: ToNode.open, payload: opening(own, { isolation: "none" }) },
      // A method that is not there.
      { link: "s5", kind: ToNode.data, payload: serialize([plainHeader(200, 0), 1]) },
      { link: "s5", kind: ToNode.data, payload: serialize([ToHost.ping, 1, 5000]) },
      { link: "s5", kind: ToNode.data, payload: randomBytes(50) },
    ]);
    await until(() => node.events.some(({ kind, worker }) => kind === "worker-ended" && worker === "s5"));
    const started = node.events.filter(({ kind }) => kind === "worker-started").map(({ worker }) => worker);
    expect(started).not.toContain("s1");
    expect(started.filter((id) => String(id).startsWith("s"))).toEqual(["s5"]);

    const sent = { polluting: POLLUTING };
    expect(await pool.echo(sent)).toEqual(sent);
    expect(await victim.place()).toMatchObject({ served: 1 });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(await pool.isPolluted()).toBe(false);
    expect([node.count("ready"), node.count("fenced")]).toEqual([1, 0]);
    await redis.quit();
  });
});

describe("workers that end badly on a node", { timeout: 120_000 }, () => {
  test("take nothing else with them", async () => {
    await using cluster = new FaultCluster();
    const { broker, record } = cluster;
    const node = await cluster.node({ cpus: 4 });
    const bystander = RecordedWorker.options({ mode: "distributed", broker, maxWorkers: 1 }).init(record);
    await using _ = bystander;
    await bystander.place();
    for (const isolation of ["thread", "process"] as const) {
      const actor = { isolation, memory: "24MB" };
      await using pool = RecordedWorker.options({ mode: "distributed", broker, maxWorkers: 1, actor }).init(record);
      await expect(pool.exit()).rejects.toMatchObject({ name: "WorkerCrashedError", reason: "exit", exitCode: 3 });
      await expect(pool.throwLater()).rejects.toMatchObject({
        reason: "uncaught-exception",
        message: expect.stringMatching(/died of an uncaught exception: thrown by a timer, and may have begun it/),
      });
      await expect(pool.hoard()).rejects.toMatchObject({ reason: "out-of-memory" });
      expect(await pool.place()).toMatchObject({ served: 1 });
    }
    expect(await bystander.place()).toEqual({ pid: node.pid, served: 2 });
    expect([node.count("ready"), node.count("fenced"), node.process.exitCode]).toEqual([1, 0, null]);
  });
});
