/** Declared costs: calls that need limits wait before a worker is given them. */
import { CallLimit, LimitSet, RateLimit, ResourceLimit } from "manyhands";
import { describe, expect, it } from "vitest";
import { LimitedWorker } from "#fixtures/limited.js";
import { mostAtOnce, mostBegun } from "./intervals.js";
import { MODES, POOL_MODES, REMOTE_MODES } from "./modes.js";
import { until } from "./until.js";

const free = { began: { cost: () => ({}) } };

describe.each(MODES)("a declared cost in mode %s", (mode) => {
  it("is taken before the call begins, and given back after it", async () => {
    const limits = new LimitSet([new ResourceLimit({ key: "connections", capacity: 3 })]);
    const methods = { began: { cost: (weight: number) => ({ connections: weight }) } };
    await using pool = LimitedWorker.options({ mode, limits, methods }).init();
    const call = pool.began(2, 20);
    await until(() => pool.stats().calls.running === 1);
    expect(limits.stats().limits[0]!.inUse).toBe(2);
    await call;
    await until(() => limits.stats().limits[0]!.inUse === 0);
    expect(pool.stats().limits).toEqual([limits.stats()]);
  });

  it("that can never be met, is no cost, or throws, fails the call alone", async () => {
    const limits = [new ResourceLimit({ key: "connections", capacity: 3 })];
    const cost = (weight: number): Record<string, number> => {
      if (weight === 0) throw new SyntaxError("No cost");
      return weight < 0 ? { conections: 1 } : { connections: weight };
    };
    await using pool = LimitedWorker.options({ mode, limits, methods: { began: { cost } } }).init();
    const outcomes = [pool.began(4), pool.began(0), pool.began(-1), pool.began(3), pool.began(Number.NaN)];
    await expect(outcomes[0]).rejects.toBeInstanceOf(RangeError);
    await expect(outcomes[1]).rejects.toThrow("No cost");
    await expect(outcomes[2]).rejects.toThrow(/did you mean 'connections'/i);
    expect((await outcomes[3]!).index).toBe(0);
    await expect(outcomes[4]).rejects.toBeInstanceOf(RangeError);
    expect(pool.stats().calls).toMatchObject({ queued: 0, running: 0, done: 1, failed: 4 });
    expect(pool.stats().limits[0]).toMatchObject({ waiting: 0, granted: 1 });
  });

  it("is settled by what usage says of the result, and kept where it says nothing or fails", async () => {
    const limits = [new RateLimit({ key: "tokens", capacity: 1000, window: 60_000 })];
    const usage = (_result: unknown, weight: number): { tokens: number } | undefined => {
      if (weight === 300) throw new SyntaxError("No usage");
      return weight === 200 ? undefined : { tokens: weight / 2 };
    };
    await using pool = LimitedWorker.options({ mode, limits, methods: { began: { usage } } }).init();
    const inUse = (): number => pool.stats().limits[0]!.limits[0]!.inUse;
    await pool.began(100);
    await until(() => inUse() === 50);
    await pool.began(200);
    await until(() => inUse() === 250);
    await expect(pool.began(300)).rejects.toThrow("No usage");
    await until(() => inUse() === 550);
  });

  it("takes the limits again for another attempt, and none meanwhile", async () => {
    const limits = new LimitSet([
      new ResourceLimit({ key: "connections", capacity: 1 }),
      new CallLimit({ capacity: 100, window: 60_000 }),
    ]);
    const methods = { failUntil: { cost: () => ({}), retry: { retries: 2, wait: 60, jitter: 0 as const } } };
    await using pool = LimitedWorker.options({ mode, limits, methods }).init();
    const retried = pool.failUntil(3);
    await until(() => pool.stats().calls.retried === 1);
    const between = await limits.acquire({ calls: 0 }, { timeout: 1000 });
    between.release();
    expect(await retried).toBe(3);
    expect(limits.stats().limits[1]!.inUse).toBe(3);
    await until(() => limits.stats().limits[0]!.inUse === 0);
  });
});

describe.each(POOL_MODES)("calls that wait for limits in mode %s", (mode) => {
  it("leave the workers idle, and let others pass at once", async () => {
    const limits = new LimitSet([new RateLimit({ key: "tokens", capacity: 2, window: 60_000 })]);
    await using pool = LimitedWorker.options({ mode, maxWorkers: 2, limits }).init();
    await pool.ready();
    const waiting = Array.from({ length: 1000 }, () => pool.began(1));
    await Promise.all(waiting.slice(0, 2));
    await until(() => pool.stats().workers.idle === 2);
    expect(pool.stats().calls).toMatchObject({ queued: 998, running: 0, done: 2 });
    expect(pool.stats().limits[0]).toMatchObject({ waiting: 998, granted: 2 });
    expect(await Promise.all(Array.from({ length: 20 }, (_, value) => pool.plain(value)))).toHaveLength(20);
    expect(pool.stats().calls).toMatchObject({ queued: 998, done: 22 });
    await pool.stop();
    const outcomes = await Promise.allSettled(waiting);
    expect(outcomes.filter(({ status }) => status === "rejected")).toHaveLength(998);
    expect(limits.stats()).toMatchObject({ waiting: 0, granted: 2 });
  });

  it("leave at no cost when they are cancelled, time out, or their signal fires", async () => {
    const limits = new LimitSet([new ResourceLimit({ key: "connections", capacity: 1 })]);
    await using pool = LimitedWorker.options({ mode, maxWorkers: 1, limits, methods: free }).init();
    const grant = await limits.acquire();
    const controller = new AbortController();
    const cancelled = pool.began(1);
    const late = pool.with({ timeout: 20 }).began(1);
    const aborted = pool.with({ signal: controller.signal }).began(1);
    const last = pool.began(1);
    expect(limits.stats().waiting).toBe(4);
    cancelled.cancel();
    controller.abort(new SyntaxError("Enough"));
    await expect(cancelled).rejects.toMatchObject({ code: "MH_CANCELLED" });
    await expect(aborted).rejects.toThrow("Enough");
    await expect(late).rejects.toMatchObject({ code: "MH_TIMEOUT" });
    expect(limits.stats().waiting).toBe(1);
    grant.release();
    await last;
    expect(limits.stats().granted).toBe(2);
    await until(() => limits.stats().limits[0]!.inUse === 0);
  });

  it("begin by priority, and in turn between keys", async () => {
    const limits = new LimitSet([new ResourceLimit({ key: "connections", capacity: 1 })]);
    await using pool = LimitedWorker.options({ mode, maxWorkers: 1, limits, methods: free }).init();
    await pool.ready();
    const order: string[] = [];
    const add = async (name: string, options: { key?: string; priority?: number }): Promise<void> => {
      await pool.with(options).began(1);
      order.push(name);
    };
    const grant = await limits.acquire();
    const calls = ["a1", "a2", "a3", "a4"].map(async (name) => add(name, { key: "a" }));
    calls.push(add("b1", { key: "b" }), add("b2", { key: "b" }), add("a0", { key: "a", priority: 60 }));
    grant.release();
    await Promise.all(calls);
    expect(order).toEqual(["a0", "b1", "a1", "b2", "a2", "a3", "a4"]);
  });

  it("are not starved by an endless stream of others, nor hold them up", async () => {
    const limits = new LimitSet([new RateLimit({ key: "tokens", capacity: 5, window: 50, guard: 20 })]);
    await using pool = LimitedWorker.options({ mode, maxWorkers: 2, concurrency: 1, limits }).init();
    await pool.ready();
    let isOver = false;
    let others = 0;
    const stream = async (): Promise<void> => {
      while (!isOver) {
        await pool.sleep(1);
        others += 1;
      }
    };
    // Enough of them to keep both workers busy, with some handed to each ahead of time.
    const streams = Array.from({ length: 30 }, stream);
    const limited = await Promise.all(Array.from({ length: 25 }, async () => pool.began(1)));
    isOver = true;
    await Promise.all(streams);
    expect(limited).toHaveLength(25);
    expect(mostBegun(limited, 50)).toBeLessThanOrEqual(5);
    expect(others).toBeGreaterThan(25);
  });

  it("begin no faster than the rate allows when workers are cold, busy or few", async () => {
    const window = 100;
    const capacity = 10;
    const limits = new LimitSet([new RateLimit({ key: "tokens", capacity, window, guard: 20 })]);
    await using pool = LimitedWorker.options({ mode, maxWorkers: 3, maxQueuedTasks: 1000, limits }).init();
    const busy = Array.from({ length: 60 }, async () => pool.sleep(5));
    const ran = await Promise.all(Array.from({ length: 60 }, async () => pool.began(1, 2)));
    await Promise.all(busy);
    expect(mostBegun(ran, window)).toBeLessThanOrEqual(capacity);
    expect(mostAtOnce(ran)).toBeLessThanOrEqual(mode === "async" ? 60 : 3);
  });
});

describe.each(REMOTE_MODES)("a granted call in mode %s", (mode) => {
  it("gives back what it took when it is cancelled, once its worker has let go", async () => {
    const limits = new LimitSet([new ResourceLimit({ key: "connections", capacity: 1 })]);
    const methods = { letGoLate: { cost: () => ({}) } };
    await using pool = LimitedWorker.options({ mode, maxWorkers: 1, limits, methods }).init();
    const slow = pool.letGoLate(300);
    await until(() => pool.stats().calls.running === 1);
    slow.cancel();
    await slow.exception();
    const cancelledAt = performance.now();
    expect(limits.stats().limits[0]!.inUse).toBe(1);
    await limits.acquire();
    expect(performance.now() - cancelledAt).toBeGreaterThan(200);
    expect(pool.stats().workers.restarts).toBe(0);
  });
});
