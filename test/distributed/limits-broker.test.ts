/** Shared limits while the broker is away, full, or frozen. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { BrokerUnavailableError, ResourceLimit, TimeoutError } from "manyhands";
import { SharedLimitSet } from "manyhands/distributed";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Connection, connect } from "../../dist/distributed/broker/connection.js";
import { resolveBroker } from "../../dist/config/broker.js";
import { freshPrefix, type PrivateRedis, startRedis } from "#fixtures/redis.js";

let redis: PrivateRedis;
beforeAll(async () => {
  redis = await startRedis(["--appendfsync", "always"]);
  // The package takes its time to load.
  const connection = connect(resolveBroker(redis.url), "test");
  await connection.call("PING");
  await connection.quit();
});
afterAll(async () => {
  await redis[Symbol.asyncDispose]();
});

function setOf(prefix: string, capacity = 1, brokerTimeout = 2500): SharedLimitSet {
  const limits = [new ResourceLimit({ key: "connections", capacity })];
  return new SharedLimitSet("api", limits, { broker: { url: redis.url, prefix, lease: 1000, brokerTimeout } });
}

/** What a promise rejects with. */
const reasonOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("a shared set whose broker", () => {
  it("was killed and came back goes on with what it knew", async () => {
    const prefix = freshPrefix();
    const [one, other] = [setOf(prefix, 2), setOf(prefix, 2, 10_000)];
    const held = await one.acquire();
    const waiting = other.acquire({ connections: 2 });
    await other.stats();
    await redis.kill();
    const early = reasonOf(one.acquire({}, { timeout: 50 }));
    const left = reasonOf(one.acquire({}, { signal: AbortSignal.timeout(60) }));
    expect(await early).toBeInstanceOf(TimeoutError);
    expect(await left).toMatchObject({ name: "TimeoutError" });
    const begun = performance.now();
    const gaveUp = await reasonOf(one.acquire());
    expect(gaveUp).toBeInstanceOf(BrokerUnavailableError);
    expect((gaveUp as Error).message).toContain("has not answered for 2500 ms");
    expect(performance.now() - begun).toBeGreaterThan(2490);
    await redis.restart();
    held.release();
    expect((await waiting).amounts).toEqual({ connections: 2 });
    expect((await one.stats()).limits[0]!.inUse).toBe(2);
    await Promise.all([one.close(), other.close()]);
  });

  it("comes back after nobody waited for it any more is asked again at once", async () => {
    // Whether the connection is lost again before or after that, which time tells, must not matter.
    for (const pause of [0, 150, 300]) {
      const set = setOf(freshPrefix(), 2, 800);
      const held = await set.acquire();
      await redis.kill();
      expect(await reasonOf(set.acquire())).toBeInstanceOf(BrokerUnavailableError);
      await new Promise((resolve) => setTimeout(resolve, pause));
      await redis.restart();
      held.release();
      expect((await set.stats()).limits[0]!.capacity).toBe(2);
      await set.close();
    }
  });

  it("is frozen is given up in time, and used again when it thaws", async () => {
    const set = setOf(freshPrefix());
    (await set.acquire()).release();
    await set.stats();
    process.kill(redis.pid, "SIGSTOP");
    expect(await reasonOf(set.acquire())).toBeInstanceOf(BrokerUnavailableError);
    expect(await reasonOf(set.tryAcquire())).toBeInstanceOf(BrokerUnavailableError);
    process.kill(redis.pid, "SIGCONT");
    // What those were granted who had given up was given back.
    expect((await set.acquire()).amounts).toEqual({ connections: 1 });
    await set.close();
  });

  it("has no memory left grants all the same, as it takes next to none", async () => {
    const connection: Connection = connect(resolveBroker(redis.url), "test");
    const set = setOf(freshPrefix());
    await connection.call("CONFIG", "SET", "maxmemory", "1mb");
    try {
      await expect(connection.call("SET", "x", "y")).rejects.toThrow("OOM");
      const grant = await set.acquire();
      expect(await set.tryAcquire()).toBeUndefined();
      grant.release();
      expect((await set.acquire()).amounts).toEqual({ connections: 1 });
    } finally {
      await connection.call("CONFIG", "SET", "maxmemory", "0");
      await set.close();
      await connection.quit();
    }
  });

  it("was never there keeps no program alive", async () => {
    const program = `
      import { ResourceLimit } from "manyhands";
      import { SharedLimitSet } from "manyhands/distributed";
      const limits = [new ResourceLimit({ key: "connections", capacity: 1 })];
      const set = new SharedLimitSet("api", limits, { broker: { url: "redis://127.0.0.1:1", brokerTimeout: 100 } });
      await set.acquire().catch((error) => console.log(error.code));`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [[said], [code]] = await Promise.all([once(child.stdout, "data"), once(child, "exit")]);
    expect([String(said), code]).toEqual(["MH_BROKER_UNAVAILABLE\n", 0]);
  });

  it("refuses what is asked says why at once", async () => {
    const connection: Connection = connect(resolveBroker(redis.url), "test");
    await connection.call("ACL", "SETUSER", "limited", "on", ">secret", "~*", "&*", "+@all", "-evalsha", "-eval");
    const url = redis.url.replace("redis://", "redis://limited:secret@");
    const limits = [new ResourceLimit({ key: "connections", capacity: 1 })];
    const set = new SharedLimitSet("api", limits, { broker: { url, prefix: freshPrefix() } });
    const reason = await reasonOf(set.acquire());
    expect(reason).toBeInstanceOf(BrokerUnavailableError);
    expect((reason as Error).message).toContain("as the broker refuses: NOPERM");
    await set.close();
    await connection.quit();
  });
});
