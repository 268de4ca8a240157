import { describe, expect, it } from "vitest";
import { CounterWorker } from "#fixtures/counter.js";
import { POOL_MODES, REMOTE_MODES } from "./modes.js";

describe.each(POOL_MODES)("load balancing in mode %s", (mode) => {
  it("gives each of 3 workers exactly 3 of 9 awaited calls, round robin", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 3 }).init();
    const counts: number[] = [];
    for (let call = 0; call < 9; call += 1) counts.push(await pool.increment());
    expect(counts).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3]);
    expect(pool.stats().loadBalancer).toMatchObject({ algorithm: "round-robin", dispatched: 9, total: [3, 3, 3] });
  });

  it("spreads calls made at once round robin too", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 3 }).init();
    await Promise.all(Array.from({ length: 9 }, () => pool.increment()));
    expect(pool.stats().loadBalancer.total).toEqual([3, 3, 3]);
  });

  it("keeps totals even, with least-total", async () => {
    const options = { mode, maxWorkers: 3, maxQueuedTasks: 5 } as const;
    await using pool = CounterWorker.options({ ...options, loadBalancing: "least-total" }).init();
    await pool.ready();
    await Promise.all(Array.from({ length: 15 }, () => pool.increment()));
    expect(pool.stats().loadBalancer.total).toEqual([5, 5, 5]);
  });

  it("reaches every worker, with random", async () => {
    // Room for all: what waits is chosen for nobody, but goes to whoever answers first.
    const options = { mode, maxWorkers: 2, maxQueuedTasks: 60 } as const;
    await using pool = CounterWorker.options({ ...options, loadBalancing: "random" }).init();
    await pool.ready();
    await Promise.all(Array.from({ length: 60 }, () => pool.increment()));
    const { total } = pool.stats().loadBalancer;
    expect(total.reduce((sum, each) => sum + each)).toBe(60);
    expect(Math.min(...total)).toBeGreaterThan(5);
  });

  it("sends the same key to the same worker, with key", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 3, loadBalancing: "key" }).init();
    const seen = new Map<string, Set<number>>();
    for (let call = 0; call < 60; call += 1) {
      const key = `user-${call % 12}`;
      const indexes = seen.get(key) ?? new Set<number>();
      seen.set(key, indexes.add(await pool.with({ key }).index()));
    }
    expect([...seen.values()].every((indexes) => indexes.size === 1)).toBe(true);
    expect(new Set([...seen.values()].flatMap((indexes) => [...indexes])).size).toBeGreaterThan(1);
  });

  it("asks a function", async () => {
    await using pool = CounterWorker.options({
      mode,
      maxWorkers: 3,
      loadBalancing: ({ args }, workers) => workers[(args[0] as number) % workers.length]!.index,
    }).init();
    const indexes = await Promise.all([4, 2, 3].map((by) => pool.increment(by).then(async () => by % 3)));
    expect(indexes).toEqual([1, 2, 0]);
    expect(await pool.broadcast.count()).toEqual([3, 4, 2]);
  });

  it("fails the call when the function names no worker", async () => {
    await using pool = CounterWorker.options({ mode, loadBalancing: () => 99 }).init();
    await expect(pool.increment()).rejects.toThrow(/must return the index of one of/);
  });
});

describe.each(REMOTE_MODES)("uneven calls in mode %s", (mode) => {
  it("never wait behind a long one while another worker is idle, with shared-queue", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 2, loadBalancing: "shared-queue" }).init();
    await pool.ready();
    const long = pool.sleep(2000);
    const short = Array.from({ length: 40 }, () => pool.add(1, 1));
    await Promise.all(short);
    expect(long.status).toBe("running");
    expect(short.every((future) => future.worker?.index !== long.worker?.index)).toBe(true);
    long.cancel();
    await long.exception();
  });

  it("avoid the busy worker, with least-active", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 2, loadBalancing: "least-active" }).init();
    await pool.ready();
    const long = pool.sleep(2000);
    for (let call = 0; call < 10; call += 1) await pool.add(1, 1);
    expect(long.status).toBe("running");
    long.cancel();
    await long.exception();
  });
});
