import { describe, expect, it } from "vitest";
import { PoolStoppedError, ResourcePool } from "manyhands";
import { turn } from "../limits/fake-clock.js";
import { clock, failures, open, server, useConnections } from "./connection-pool.js";
import { deferred } from "./fake-server.js";

useConnections();

describe("a pool over time", () => {
  it("ends those that nobody used for a while, beyond min", async () => {
    const pool = open({ min: 1, max: 4, idleTimeout: 1000 });
    const leases = await Promise.all(Array.from({ length: 4 }, () => pool.acquire()));
    leases[0]!.release();
    await clock.advance(500);
    for (const lease of leases) lease.release();
    await clock.advance(499);
    expect(pool.stats().idle).toBe(4);
    await clock.advance(1);
    expect(pool.stats().idle).toBe(3);
    await clock.advance(500);
    expect(pool.stats()).toMatchObject({ idle: 1, size: 1 });
    await clock.advance(100_000);
    expect(pool.stats()).toMatchObject({ idle: 1, size: 1, created: 4 });
    expect(server.closed).toEqual([1, 2, 3]);
  });

  it("makes min of them from the start on, and replaces those that get too old", async () => {
    const pool = open({ min: 2, max: 3, maxLifetime: 1000, idleTimeout: Number.POSITIVE_INFINITY });
    await turn();
    expect(pool.stats()).toMatchObject({ idle: 2, size: 2 });
    const lease = await pool.acquire();
    const { id } = lease.value;
    await clock.advance(1000);
    expect(server.closed).toEqual([3 - id]);
    expect(pool.stats()).toMatchObject({ idle: 1, leased: 1, size: 2 });
    lease.release();
    await turn();
    expect(server.closed).toEqual([3 - id, id]);
    expect(pool.stats()).toMatchObject({ size: 2, idle: 2, created: 4 });
  });

  it("lends none that is too old", async () => {
    const pool = open({ max: 1, maxLifetime: 1000, idleTimeout: Number.POSITIVE_INFINITY });
    (await pool.acquire()).release();
    await clock.advance(1000);
    expect(await pool.use(({ id }) => id)).toBe(2);
  });

  it("tries again ever more rarely to keep min ready, and reports each failure", async () => {
    server.error = new Error("connection refused");
    const pool = open({ min: 1, max: 2 });
    await turn();
    expect(failures).toEqual([{ during: "create", error: server.error }]);
    await clock.advance(60_000);
    expect(failures.length).toBeGreaterThan(8);
    expect(failures.length).toBeLessThan(25);
    server.error = undefined;
    await clock.advance(10_000);
    expect(pool.stats()).toMatchObject({ idle: 1, size: 1 });
  });
});

describe("ResourcePool.drain and stop", () => {
  it("drains when nobody waits and all are back", async () => {
    const pool = open({ max: 1 });
    await pool.drain();
    const held = await pool.acquire();
    const other = pool.acquire();
    let isDrained = false;
    const drained = pool.drain().then(() => (isDrained = true));
    held.release();
    const second = await other;
    await turn();
    expect(isDrained).toBe(false);
    second.release();
    await drained;
    expect(pool.stats()).toMatchObject({ idle: 1 });
  });

  it("refuses and rejects, waits for leases, and ends all of them", async () => {
    const pool = open({ max: 2, name: "ledger" });
    const leases = [await pool.acquire(), await pool.acquire()];
    leases[1]!.release();
    const third = await pool.acquire();
    const waiting = expect(pool.acquire()).rejects.toThrow(PoolStoppedError);
    let isStopped = false;
    const stopped = pool.stop().then(() => (isStopped = true));
    await waiting;
    await expect(pool.acquire()).rejects.toThrow(
      new PoolStoppedError("Cannot acquire a resource of 'ledger' as the pool is stopped"),
    );
    third.release();
    await turn();
    expect(isStopped).toBe(false);
    leases[0]!.release();
    await stopped;
    expect(server.closed).toEqual([2, 1]);
    expect(pool.stats()).toMatchObject({ size: 0, created: 2, destroyed: 2 });
    await pool.stop();
  });

  it("waits for what is being made, and ends it", async () => {
    let signal: AbortSignal | undefined;
    const connecting = deferred();
    server.connecting = connecting.promise;
    const pool = open({
      create: (context) => {
        signal = context.signal;
        return server.connect();
      },
    });
    const waiting = expect(pool.acquire()).rejects.toThrow(PoolStoppedError);
    const stopped = pool.stop();
    await waiting;
    expect(signal?.aborted).toBe(true);
    connecting.resolve();
    await stopped;
    expect(server.closed).toEqual([1]);
  });

  it("ends also what never comes back, when its time is over", async () => {
    const pool = open({ max: 2 });
    const lost = await pool.acquire();
    const stopped = pool.stop({ timeout: 500 });
    await clock.advance(500);
    await stopped;
    expect(server.closed).toEqual([1]);
    expect(() => lost.value).toThrow(TypeError);
    lost.release();
    expect(pool.stats()).toMatchObject({ size: 0, leased: 0 });
  });

  it("is stopped at the end of its block", async () => {
    {
      await using pool = open();
      await using lease = await pool.acquire();
      expect(lease.value.id).toBe(1);
    }
    expect(server.alive).toBe(0);
  });

  it("warns of errors that nobody else sees, where it is not told what to do with them", async () => {
    const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
    const pool = new ResourcePool({
      create: () => 1,
      destroy: () => Promise.reject(new Error("Cannot close")),
      name: "ledger",
    });
    (await pool.acquire()).discard();
    expect(await warned).toMatchObject({
      name: "ResourcePoolWarning",
      message: expect.stringContaining("Cannot destroy a resource of 'ledger': Error: Cannot close"),
    });
    await pool.stop();
  });
});
