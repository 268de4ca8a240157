import { type PoolOptions, ResourceLimit } from "manyhands";
import { describe, expect, it } from "vitest";
import { CounterWorker } from "#fixtures/counter.js";
import { MODES, POOL_MODES } from "./modes.js";
import { until } from "./until.js";

describe.each(POOL_MODES)("the size of a pool in mode %s", (mode) => {
  it("is a worker per call on demand, at most maxWorkers at once", async () => {
    await using pool = CounterWorker.options({ mode, onDemand: true, maxWorkers: 2 }).init(10);
    const futures = Array.from({ length: 5 }, () => pool.increment());
    expect(await Promise.all(futures)).toEqual([11, 11, 11, 11, 11]);
    expect(new Set(futures.map(({ worker }) => worker?.id)).size).toBe(5);
    expect(pool.stats().workers.total).toBeLessThanOrEqual(2);
    expect(pool.stats().loadBalancer.algorithm).toBe("random");
    await until(() => pool.stats().workers.total === 0);
  });

  it("grows under load and shrinks when idle, between its bounds", async () => {
    const maxWorkers = { min: 1, max: 3, idleTimeout: 50 };
    await using pool = CounterWorker.options({ mode, maxWorkers, concurrency: 1 }).init();
    expect(pool.stats().workers.total).toBe(1);
    const calls = Array.from({ length: 6 }, () => pool.sleep(30));
    expect(pool.stats().workers.total).toBe(3);
    await Promise.all(calls);
    await until(() => pool.stats().workers.total === 1);
    expect(await pool.add(1, 1)).toBe(2);
  });

  it("starts from none and returns to none", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: { max: 2, idleTimeout: 20 } }).init();
    expect(pool.stats().workers.total).toBe(0);
    expect(await pool.add(1, 1)).toBe(2);
    await until(() => pool.stats().workers.total === 0);
    expect(await pool.add(2, 2)).toBe(4);
  });

  it("changes by resize, and calls of workers taken away are finished", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1, concurrency: 1 }).init();
    const calls = Array.from({ length: 8 }, () => pool.sleep(20));
    await pool.resize(3);
    expect(pool.stats().workers.total).toBe(3);
    const more = Array.from({ length: 8 }, () => pool.sleep(20));
    await pool.resize(1);
    expect(await Promise.all([...calls, ...more])).toHaveLength(16);
    await until(() => pool.stats().workers.total === 1);
    await expect(pool.resize(0)).rejects.toThrow(RangeError);
  });

  it("is not changed by a size that is none", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
    await expect(pool.resize(Number.POSITIVE_INFINITY)).rejects.toThrow("Cannot set 'maxWorkers' as it must be finite");
    await expect(pool.resize({ max: Number.POSITIVE_INFINITY })).rejects.toThrow(
      "'maxWorkers.max' as it must be finite",
    );
    await expect(pool.resize({ min: 3, max: 2 })).rejects.toThrow("its min is above its max: current value is 3 > 2");
    await expect(pool.resize({ maximum: 2 } as never)).rejects.toThrow(
      "'maxWorkers.maximum' as there is no such option",
    );
    await expect(pool.resize(null as never)).rejects.toThrow("it must be an object: current value is null");
    await expect(pool.resize("2" as never)).rejects.toThrow(RangeError);
    expect(pool.stats().workers.total).toBe(1);
  });

  it("runs `concurrency` calls at once in one worker", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1, concurrency: 5 }).init();
    await pool.ready();
    const futures = Array.from({ length: 6 }, () => pool.untilAborted());
    const probe = pool.with({ priority: 5 }).add(1, 1);
    expect(futures.filter(({ status }) => status === "running")).toHaveLength(5);
    expect(probe.status).toBe("queued");
    for (const future of futures) future.cancel();
    expect(await probe).toBe(2);
    await Promise.all(futures.map(async (future) => future.exception()));
  });
});

describe.each(MODES)("the waiting room in mode %s", (mode) => {
  const open = (options: Pick<PoolOptions, "capacity" | "overflow" | "ageing" | "limits"> & { methods?: object }) =>
    CounterWorker.options({ mode, maxWorkers: 1, concurrency: 1, maxQueuedTasks: 0, ...options }).init();

  it("lets higher priorities go first, and equal ones in order", async () => {
    await using pool = open({});
    await pool.ready();
    const order: string[] = [];
    const blocker = pool.sleep(20);
    const calls = (["a", "b", "c", "d"] as const).map(async (name, index) => {
      await pool.with({ priority: [0, 5, 5, -5][index]! }).add(1, 1);
      order.push(name);
    });
    await Promise.all([blocker, ...calls]);
    expect(order).toEqual(["b", "c", "a", "d"]);
  });

  it("hands out thousands of calls whose method is synchronous", async () => {
    await using pool = open({});
    await pool.ready();
    const blocker = pool.sleep(20);
    const calls = Array.from({ length: 5000 }, (_, index) => pool.add(index, 1));
    expect((await Promise.all(calls)).at(-1)).toBe(5000);
    await blocker;
  });

  it("does not starve low priorities: they age", async () => {
    await using pool = open({ ageing: 1 });
    await pool.ready();
    const blocker = pool.sleep(30);
    // Both may be answered by one message: what counts is who is told first.
    const order: string[] = [];
    const low = pool.with({ priority: -1 }).add(1, 1);
    const watched = low.then(() => order.push("low"));
    await new Promise((resolve) => setTimeout(resolve, 10));
    const high = Array.from({ length: 50 }, () => pool.add(1, 1));
    const eleventh = high[10]!.then(() => order.push("high"));
    await Promise.all([blocker, watched, eleventh, ...high]);
    expect(order).toEqual(["low", "high"]);
  });

  it("is bounded by capacity: beyond it calls are rejected", async () => {
    await using pool = open({ capacity: 2, overflow: "reject" });
    await pool.ready();
    const calls = [pool.sleep(20), pool.add(1, 1), pool.add(2, 2), pool.add(3, 3)];
    await expect(calls[3]).rejects.toMatchObject({ name: "PoolFullError", code: "MH_POOL_FULL" });
    expect(await Promise.all(calls.slice(0, 3))).toEqual([20, 2, 4]);
  });

  it("drops the call that waits longest, with drop-oldest", async () => {
    await using pool = open({ capacity: 2, overflow: "drop-oldest" });
    await pool.ready();
    const calls = [pool.sleep(20), pool.add(1, 1), pool.add(2, 2), pool.add(3, 3)];
    await expect(calls[1]).rejects.toMatchObject({ code: "MH_POOL_FULL" });
    expect(await Promise.all([calls[0], calls[2], calls[3]])).toEqual([20, 4, 6]);
  });

  it("bounds those that wait for limits as well, however many workers have nothing to do", async () => {
    const limits = [new ResourceLimit({ key: "files", capacity: 1 })];
    const methods = { add: { cost: () => ({ files: 1 }) }, sleep: { cost: () => ({ files: 1 }) } };
    for (const overflow of ["reject", "drop-oldest"] as const) {
      const options = { mode, maxWorkers: mode === "sync" ? 1 : 3, capacity: 2, overflow, limits, methods };
      await using pool = CounterWorker.options(options).init();
      await pool.ready();
      const first = pool.sleep(30);
      const calls = [pool.add(1, 1), pool.add(2, 2), pool.add(3, 3)];
      await expect(calls[overflow === "reject" ? 2 : 0]).rejects.toMatchObject({ code: "MH_POOL_FULL" });
      expect(await first).toBe(30);
      const rest = overflow === "reject" ? [2, 4] : [4, 6];
      expect(await Promise.all(overflow === "reject" ? calls.slice(0, 2) : calls.slice(1))).toEqual(rest);
      // One without a cost goes at once.
      expect(await pool.count()).toBe(0);
    }
  });

  it("drops none that waits for limits and is bound to a worker, in favour of others", async () => {
    const limits = [new ResourceLimit({ key: "files", capacity: 1 })];
    const methods = { add: { cost: () => ({ files: 1 }) }, sleep: { cost: () => ({ files: 1 }) } };
    await using pool = open({ capacity: 1, overflow: "drop-oldest", limits, methods });
    await pool.ready();
    const first = pool.sleep(30);
    const bound = pool.workers[0]!.add(1, 1);
    await expect(pool.add(2, 2)).rejects.toMatchObject({ code: "MH_POOL_FULL" });
    expect(await Promise.all([first, bound])).toEqual([30, 2]);
  });

  it("tells when there is room, with wait", async () => {
    await using pool = open({ capacity: 3 });
    await pool.ready();
    const done: number[] = [];
    let most = 0;
    for (let call = 0; call < 20; call += 1) {
      await pool.room();
      void pool.sleep(1).then(() => done.push(call));
      most = Math.max(most, pool.stats().calls.queued);
    }
    await pool.drain();
    expect(most).toBeLessThanOrEqual(3);
    expect(done).toHaveLength(20);
  });
});
