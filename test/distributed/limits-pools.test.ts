/** Shared limits as the limits of pools, in every local mode. */
import { LimitedWorker } from "#fixtures/limited.js";
import { CallLimit, type Limit, RateLimit, ResourceLimit } from "manyhands";
import { SharedLimitSet } from "manyhands/distributed";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Connection, connect } from "../../dist/distributed/broker/connection.js";
import { resolveBroker } from "../../dist/config/broker.js";
import { freshPrefix, sharedRedis } from "#fixtures/redis.js";

let connection: Connection;
let prefix: string;
let open: SharedLimitSet[];
beforeAll(() => {
  connection = connect(resolveBroker({ url: sharedRedis() }), "test");
});
afterAll(async () => {
  await connection.quit();
});
beforeEach(() => {
  prefix = freshPrefix();
  open = [];
});
afterEach(async () => {
  await Promise.all(open.map((set) => set.close()));
  const keys = (await connection.call("KEYS", `{${prefix}}*`)) as string[];
  if (keys.length > 0) await connection.call("DEL", ...keys);
});

function setOf(limits: readonly Limit[]): SharedLimitSet {
  const set = new SharedLimitSet("api", limits, { broker: { url: sharedRedis(), prefix, lease: 1000 } });
  open.push(set);
  return set;
}

describe("the limits of a pool, as a shared set", () => {
  it.each(["async", "process"] as const)("are what workers take from, together with all others: %s", async (mode) => {
    const limits = [
      new RateLimit({ key: "tokens", capacity: 100, window: 60_000 }),
      new ResourceLimit({ key: "files", capacity: 2 }),
    ];
    const [set, other] = [setOf(limits), setOf(limits)];
    await using pool = LimitedWorker.options({ mode, limits: set, maxWorkers: mode === "process" ? 1 : 2 }).init();
    await Promise.all([pool.use({ tokens: 10 }, 5), pool.use({ tokens: 10 }, 5), pool.use({ tokens: 10 }, 5)]);
    expect(await pool.settle(40, 20)).toBe(20);
    expect(await pool.tryUse({ tokens: 70 })).toBe(false);
    const stats = await other.stats();
    expect(stats.limits[0]!.inUse).toBe(50);
    await expect(pool.use({ tokens: 200 })).rejects.toThrow(RangeError);
  });

  it.each(["sync", "thread"] as const)("are what declared costs are taken from, of several pools: %s", async (mode) => {
    const make = (): Limit[] => [
      new CallLimit({ capacity: 12, window: 400 }),
      new ResourceLimit({ key: "files", capacity: 3 }),
    ];
    const [set, other] = [setOf(make()), setOf(make())];
    const methods = { began: { cost: () => ({ calls: 1 }) } };
    const options = { mode, maxWorkers: mode === "sync" ? 1 : 2, methods };
    await using pool = LimitedWorker.options({ ...options, limits: set }).init();
    await using second = LimitedWorker.options({ ...options, limits: other }).init();
    await Promise.all([pool.plain(1), second.plain(1)]);
    const calls = [pool, second].flatMap((one) => Array.from({ length: 15 }, () => one.began(1, 2)));
    const began = (await Promise.all(calls)).map(({ from }) => from).toSorted((a, b) => a - b);
    for (const [index, at] of began.slice(12).entries()) expect(at - began[index]!).toBeGreaterThanOrEqual(400);
    await expect.poll(async () => (await set.stats()).limits[1]!.inUse).toBe(0);
    expect(pool.stats().limits).toHaveLength(1);
  });
});
