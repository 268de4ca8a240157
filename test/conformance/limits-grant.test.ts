/** What a method sees of what its call was granted, and what it can say of it. */
import { CallLimit, CancelledError, LimitPool, LimitSet, ResourceLimit, SerializationError } from "manyhands";
import { describe, expect, it } from "vitest";
import { GrantedWorker } from "#fixtures/granted.js";
import { MODES, REMOTE_MODES } from "./modes.js";
import { until } from "./until.js";

type Accounts = LimitPool<{ account: string }>;

function accounts(): Accounts {
  return new LimitPool(
    ["red", "green"].map(
      (account) => new LimitSet([new CallLimit({ capacity: 100, window: 60_000 })], { config: { account } }),
    ),
  );
}

const inUse = (limits: Accounts): number[] => limits.stats().map((set) => set.limits[0]!.inUse);
const paused = (limits: Accounts): boolean[] => limits.stats().map(({ pausedFor }) => pausedFor > 0);

describe.each(MODES)("the grant of a declared cost in mode %s", (mode) => {
  it("shows which set the call was granted from, and speaks for that one", async () => {
    const limits = accounts();
    await using pool = GrantedWorker.options({ mode, limits, maxWorkers: 1 }).init();
    expect(await pool.look(3)).toEqual({ config: { account: "red" }, amounts: { calls: 3 } });
    expect(await pool.look(4)).toEqual({ config: { account: "green" }, amounts: { calls: 4 } });
    expect(await pool.free()).toBe(true);

    expect(await pool.correct(5, { calls: 20 })).toEqual({ account: "red" });
    await until(() => inUse(limits)[0] === 23);
    await pool.correctFormer({ calls: 8 });
    await until(() => inUse(limits)[0] === 11);
    await expect(pool.correct(1, { cals: 1 })).rejects.toThrow(TypeError);

    expect(await pool.read({ "x-ratelimit-remaining-requests": "50" })).toEqual({ account: "red" });
    await until(() => inUse(limits)[0] === 50);
    expect(inUse(limits)[1]).toBeLessThan(50);

    expect(await pool.throttle(60_000)).toEqual({ account: "green" });
    await until(() => paused(limits)[1]!);
    expect(paused(limits)).toEqual([false, true]);
    const seen = await Promise.all([pool.look(), pool.look(), pool.look()]);
    expect(seen.map((one) => one?.config)).toEqual(Array(3).fill({ account: "red" }));
  });

  it("is another one in each attempt, the same throughout a stream, and released early or late but once", async () => {
    const connections = new ResourceLimit({ key: "connections", capacity: 2 });
    const limits = new LimitSet([connections, new CallLimit({ capacity: 100, window: 60_000 })], { config: "config" });
    await using pool = GrantedWorker.options({ mode, limits, maxWorkers: 1, grace: 5000 }).init();
    expect(await pool.secondTry(1)).toBe(2);
    const streamed: unknown[] = [];
    for await (const seen of pool.stream(7)) streamed.push(seen);
    const expected = { config: "config", amounts: { connections: 1, calls: 7 } };
    expect(streamed).toEqual([expected, expected]);

    await until(() => limits.stats().limits[0]!.inUse === 0);
    const other = await limits.acquire({ connections: 1 });
    const controller = new AbortController();
    const call = pool.with({ signal: controller.signal }).letGo();
    await until(() => limits.stats().granted === 5 && limits.stats().limits[0]!.inUse === 1);
    controller.abort(new Error("enough"));
    await expect(call).rejects.toThrow("enough");
    await pool.drain();
    expect(await pool.free()).toBe(true);
    expect(limits.stats().limits[0]!.inUse).toBe(1);
    other.release();

    if (REMOTE_MODES.includes(mode)) {
      // One that cannot be sent fails alone, and what follows is granted to the right calls.
      const calls = [pool.look(1), pool.look(Symbol("not sent") as never), pool.look(2)];
      await expect(calls[1]).rejects.toBeInstanceOf(SerializationError);
      expect([(await calls[0])?.amounts, (await calls[2])?.amounts]).toEqual([
        { connections: 1, calls: 1 },
        { connections: 1, calls: 2 },
      ]);
    }
  });

  it("is there also where the pool has no limits", async () => {
    await using pool = GrantedWorker.options({ mode, maxWorkers: 1 }).init();
    expect(await pool.look(1)).toEqual({ config: undefined, amounts: {} });
    expect(await pool.correct(1, { anything: 3 })).toBeUndefined();
    await pool.throttle(60_000);
    const next = pool.look();
    expect(pool.stats().calls).toMatchObject({ queued: 1, running: 0 });
    next.cancel();
    await expect(next).rejects.toBeInstanceOf(CancelledError);
  });
});
