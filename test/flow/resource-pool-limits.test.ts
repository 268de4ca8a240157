import { beforeEach, describe, expect, it } from "vitest";
import {
  CallLimit,
  type ResourceLease,
  LimitPool,
  LimitSet,
  PoolStoppedError,
  RateLimit,
  ResourceLimit,
  ResourcePool,
  type ResourcePoolOptions,
  TimeoutError,
} from "manyhands";
import { FakeClock, turn } from "../limits/fake-clock.js";
import { type Connection, deferred, FakeServer } from "./fake-server.js";

let clock: FakeClock;
let server: FakeServer;
let set: LimitSet;

beforeEach(() => {
  clock = new FakeClock();
  server = new FakeServer();
  set = setOf(2);
});

function setOf(capacity: number): LimitSet {
  const connections = new ResourceLimit({ key: "connections", capacity });
  return new LimitSet([connections, new RateLimit({ key: "tokens", capacity: 100, window: 1000, guard: 0 })], {
    clock,
  });
}

function open(options: Partial<ResourcePoolOptions<Connection>> = {}): ResourcePool<Connection> {
  return new ResourcePool<Connection>({
    create: () => server.connect(),
    destroy: (connection) => server.close(connection),
    limits: { set, key: "connections" },
    clock,
    ...options,
  });
}

function inUse(): number[] {
  return set.stats().limits.map((limit) => limit.inUse);
}

describe("a resource pool with limits", () => {
  it("takes tokens and a connection together, or neither", async () => {
    await using pool = open();
    const first = await pool.acquire({ amounts: { tokens: 80 } });
    expect(inUse()).toEqual([1, 80]);
    // There is a connection, but too few tokens: the connection is not held meanwhile.
    const second = pool.acquire({ amounts: { tokens: 30 } });
    await turn();
    expect(inUse()).toEqual([1, 80]);
    expect(pool.stats()).toMatchObject({ waiting: 1, size: 1 });
    await using other = await set.acquire({ connections: 1, tokens: 0 }, { priority: 1 });
    expect(inUse()).toEqual([2, 80]);
    first.grant!.update({ tokens: 50 });
    first.release();
    const lease = await second;
    expect(lease.value.id).toBe(1);
    expect(inUse()).toEqual([2, 80]);
    expect(lease.grant!.amounts).toEqual({ connections: 1, tokens: 30 });
    lease.grant!.update({ tokens: 10 });
    lease.release();
    other.release();
    expect(inUse()).toEqual([0, 60]);
  });

  it("has as many resources as the limit allows, and no two grants for one", async () => {
    await using pool = open();
    const leases = await Promise.all([1, 2].map(() => pool.acquire({ amounts: { tokens: 1 } })));
    const waiting = pool.acquire({ amounts: { tokens: 1 } });
    await turn();
    expect(pool.stats()).toMatchObject({ size: 2, leased: 2, waiting: 1 });
    for (const lease of leases) lease.release();
    (await waiting).release();
    expect(inUse()).toEqual([0, 3]);
    expect(server.made).toBe(2);
  });

  it("gives back all that was taken when no resource comes of it", async () => {
    await using pool = open({ acquireTimeout: 50 });
    server.error = new Error("connection refused");
    await expect(pool.acquire({ amounts: { tokens: 40 } })).rejects.toBe(server.error);
    expect(inUse()).toEqual([0, 0]);
    const connecting = deferred();
    server.connecting = connecting.promise;
    server.error = undefined;
    const late = pool.acquire({ amounts: { tokens: 40 } }).then(undefined, (error: unknown) => error);
    const controller = new AbortController();
    const aborted = pool.acquire({ amounts: { tokens: 40 }, signal: controller.signal });
    const unserved = pool.acquire({ amounts: { tokens: 40 } }).then(undefined, (error: unknown) => error);
    await turn();
    expect(inUse()).toEqual([2, 80]);
    controller.abort();
    await expect(aborted).rejects.toThrow("aborted");
    await clock.advance(50);
    expect(await late).toEqual(
      new TimeoutError("Cannot acquire a resource within 50 ms as none could be made ready in time", 50),
    );
    expect(await unserved).toBeInstanceOf(TimeoutError);
    expect(inUse()).toEqual([0, 0]);
    connecting.resolve();
  });

  it("says that it was the limits that left no room", async () => {
    await using pool = open({ acquireTimeout: 50 });
    await using _held = await set.acquire({ tokens: 90 });
    const late = pool.acquire({ amounts: { tokens: 20 } }).then(undefined, (error: unknown) => error);
    await clock.advance(50);
    expect(await late).toEqual(
      new TimeoutError("Cannot acquire a resource within 50 ms as its limits left no room in time", 50),
    );
    expect(set.stats().waiting).toBe(0);
  });

  it("keeps the place of a broken resource until that has ended", async () => {
    await using pool = open();
    const closing = deferred();
    server.closing = closing.promise;
    (await pool.acquire({ amounts: { tokens: 1 } })).discard();
    await turn();
    expect(inUse()).toEqual([1, 1]);
    closing.resolve();
    await turn();
    expect(inUse()).toEqual([0, 1]);
  });

  it("counts what a rate limits from when the resource was ready", async () => {
    await using pool = open();
    const connecting = deferred();
    server.connecting = connecting.promise;
    const waiting = pool.acquire({ amounts: { tokens: 100 } });
    await clock.advance(900);
    connecting.resolve();
    const lease = await waiting;
    lease.release();
    await clock.advance(999);
    expect(inUse()).toEqual([0, 100]);
    await clock.advance(1);
    expect(inUse()).toEqual([0, 0]);
  });

  it("serves keys in turn", async () => {
    set = setOf(1);
    await using pool = open();
    const held = await pool.acquire({ amounts: { tokens: 1 } });
    const order: string[] = [];
    const all = ["a", "a", "a", "b"].map((key) =>
      pool.use(() => void order.push(key), { key, amounts: { tokens: 1 } }),
    );
    held.release();
    await Promise.all(all);
    expect(order).toEqual(["a", "b", "a", "a"]);
  });

  it("leaves the queues of the limits when it is stopped", async () => {
    const pool = open();
    const held: ResourceLease<Connection>[] = [];
    for (let index = 0; index < 2; index += 1) held.push(await pool.acquire({ amounts: { tokens: 1 } }));
    const waiting = expect(pool.acquire({ amounts: { tokens: 1 } })).rejects.toThrow(PoolStoppedError);
    expect(set.stats().waiting).toBe(1);
    const stopped = pool.stop();
    await waiting;
    expect(set.stats().waiting).toBe(0);
    for (const lease of held) lease.release();
    await stopped;
    expect(inUse()).toEqual([0, 2]);
  });

  it("works over several sets, and gives what the chosen one carries", async () => {
    const sets = ["eu", "us"].map(
      (config) => new LimitSet([new ResourceLimit({ key: "connections", capacity: 1 })], { config, clock }),
    );
    await using pool = open({ limits: { set: new LimitPool(sets), key: "connections" } });
    const leases = [await pool.acquire(), await pool.acquire()];
    expect(new Set(leases.map(({ grant }) => grant?.config))).toEqual(new Set(["eu", "us"]));
    for (const lease of leases) lease.release();
  });

  it("refuses what makes no sense", async () => {
    await using pool = open();
    await expect(pool.acquire()).rejects.toThrow("Cannot acquire without an amount of 'tokens' as it is a rate");
    await expect(pool.acquire({ amounts: { tokens: 101 } })).rejects.toThrow(RangeError);
    await expect(pool.acquire({ amounts: { tokns: 1 } })).rejects.toThrow("did you mean 'tokens'?");
    await expect(pool.acquire({ amounts: { tokens: 1, connections: 2 } })).rejects.toThrow(
      "Cannot set 'acquire.amounts.connections' as a lease takes one resource",
    );
    expect(pool.stats()).toMatchObject({ waiting: 0, size: 0 });
    await using lease = await pool.acquire({ amounts: { tokens: 1 } });
    expect(() => lease.grant!.update({ connections: 0 })).toThrow(
      "Cannot update 'connections' as the lease holds one until it is released",
    );
    const bad: [object, string][] = [
      [{ limits: { set: [], key: "connections" } }, "Cannot set 'limits.set' as it must be a LimitSet"],
      [{ limits: { set, key: "conections" } }, "did you mean 'connections'?"],
      [{ limits: { set, key: "tokens" } }, "Cannot set 'limits.key' as it must name a ResourceLimit of the set"],
      [
        { limits: { set: new LimitSet([new CallLimit({ capacity: 1, window: 1 })]), key: "calls" } },
        "as it must name a ResourceLimit of the set, which has none: current value is 'calls'",
      ],
      [{ max: 1 }, "Cannot set 'max' as it must be at least the capacity of limit 'connections', which is 2"],
    ];
    for (const [options, message] of bad) expect(() => open(options)).toThrow(message);
  });
});
