import { PoolStoppedError } from "manyhands";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CounterWorker } from "#fixtures/counter.js";
import { CrasherWorker } from "#fixtures/crasher.js";
import { DisposableWorker } from "#fixtures/disposable.js";
import { MODES, POOL_MODES, REMOTE_MODES, usual } from "./modes.js";
import { until } from "./until.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "manyhands-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(MODES)("the life of a pool in mode %s", (mode) => {
  it("begins lazily, and ready() waits for the workers", async () => {
    await using pool = CounterWorker.options(usual(mode)).init();
    expect(pool.stats().workers.each.every(({ state }) => state === "cold")).toBe(true);
    await pool.ready();
    expect(pool.stats().workers.each.every(({ state }) => state === "ready")).toBe(true);
  });

  it("drains", async () => {
    await using pool = CounterWorker.options(usual(mode)).init();
    await pool.drain();
    const calls = Array.from({ length: 10 }, () => pool.sleep(5));
    await pool.drain();
    expect(calls.every(({ status }) => status === "done")).toBe(true);
  });

  it("stops: running calls finish, waiting ones are cancelled, new ones refused", async () => {
    const pool = CounterWorker.options({ mode, maxWorkers: 1, concurrency: 1 }).init();
    await pool.ready();
    const running = pool.sleep(50);
    const waiting = pool.increment();
    const stopping = pool.stop();
    await expect(waiting).rejects.toBeInstanceOf(PoolStoppedError);
    await expect(pool.increment()).rejects.toMatchObject({ code: "MH_POOL_STOPPED" });
    expect(await running).toBe(50);
    await stopping;
    await pool.stop();
    expect(pool.stats()).toMatchObject({ isStopped: true, workers: { total: 0 } });
  });

  it("stops with calls whose arguments are pending", async () => {
    await using other = CounterWorker.options({ mode: "async" }).init();
    const pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
    await pool.ready();
    const input = other.sleep(50);
    const call = pool.echo(input);
    await pool.stop();
    await expect(call).rejects.toBeInstanceOf(PoolStoppedError);
    await input;
  });

  it("stops by force when calls do not finish in time", async () => {
    const pool = CounterWorker.options({ mode, maxWorkers: 1, concurrency: 1 }).init();
    await pool.ready();
    const running = pool.sleep(100_000);
    await pool.stop({ timeout: 30 });
    await expect(running).rejects.toThrow(/did not end in 30 ms/);
  });

  it("does not stop for so long as is no time", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
    for (const timeout of [Number.POSITIVE_INFINITY, Number.NaN, -1, 2 ** 31]) {
      await expect(pool.stop({ timeout })).rejects.toThrow(`ms from 0 to 2147483647: current value is ${timeout}`);
    }
    await expect(pool.stop({ timeOut: 5 } as object)).rejects.toThrow("did you mean 'timeout'?");
    expect(await pool.add(1, 1)).toBe(2);
  });

  it("stops before it began", async () => {
    const pool = CounterWorker.options(usual(mode)).init();
    const call = pool.sleep(1);
    await pool.stop({ timeout: 5000 });
    expect(["done", "cancelled"]).toContain(call.status);
    await call.exception();
  });

  it("disposes of the workers", async () => {
    const journal = join(folder, `disposed-${mode}`);
    {
      await using pool = DisposableWorker.options({ mode, maxWorkers: 1 }).init(journal);
      await pool.work();
    }
    expect(readFileSync(journal, "utf8")).toBe("disposed\n");
  });

  it("counts", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
    await Promise.allSettled([pool.add(1, 1), pool.fail("x"), pool.block(5), pool.sleep(5)]);
    const stats = pool.stats();
    expect(stats.mode).toBe(mode);
    expect(stats.calls).toEqual({ queued: 0, running: 0, done: 3, failed: 1, retried: 0, cancelled: 0 });
    expect(stats.run.count).toBe(4);
    expect(stats.run.max).toBeGreaterThanOrEqual(4.9);
    expect(stats.wait.p50).toBeGreaterThanOrEqual(0);
    expect(stats.workers).toMatchObject({ total: 1, busy: 0, idle: 1, restarts: 0 });
    if (mode === "thread" || mode === "process") expect(stats.workers.each[0]!.memory).toBeGreaterThan(1e6);
  });

  it("recycles workers after so many calls", async () => {
    const journal = join(folder, `recycled-${mode}`);
    await using pool = DisposableWorker.options({ mode, maxWorkers: 1, recycle: { afterCalls: 2 } }).init(journal);
    const futures = Array.from({ length: 6 }, () => pool.work());
    await Promise.all(futures);
    expect(new Set(futures.map(({ worker }) => worker?.id)).size).toBe(3);
    expect(pool.stats().workers.restarts).toBe(0);
  });

  it("replaces workers that call themselves ill", async () => {
    const healthCheck = { interval: 10, timeout: 5000, method: "healthy" };
    await using pool = DisposableWorker.options({ mode, maxWorkers: 1, healthCheck }).init(join(folder, "ill"));
    const first = pool.work();
    await first;
    await pool.fallIll();
    await until(() => pool.stats().workers.restarts === 1);
    const second = pool.work();
    await second;
    expect(second.worker?.id).not.toBe(first.worker?.id);
  });
});

describe.each(POOL_MODES)("workers of a pool in mode %s", (mode) => {
  it("can be called each by itself, and all together", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 3 }).init();
    expect(pool.workers).toHaveLength(3);
    await pool.workers[1]!.increment(5);
    await pool.workers[1]!.increment(5);
    expect(await pool.workers[2]!.index()).toBe(2);
    expect(await pool.broadcast.count()).toEqual([0, 10, 0]);
  });

  it("are reached by a broadcast while they are busy", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 2, concurrency: 1 }).init();
    await pool.ready();
    const busy = [pool.sleep(100_000), pool.sleep(100_000)];
    expect(await pool.broadcast.increment(3)).toEqual([3, 3]);
    expect(busy.map(({ status }) => status)).toEqual(["running", "running"]);
    await pool.stop({ timeout: 0 });
    await Promise.allSettled(busy);
  });
});

describe.each(REMOTE_MODES)("health in mode %s", (mode) => {
  it("replaces a worker that is stuck in a loop", async () => {
    const healthCheck = { interval: 20, timeout: 200 };
    await using pool = CrasherWorker.options({ mode, maxWorkers: 1, healthCheck }).init();
    const stuck = pool.forever();
    const next = pool.calls();
    await expect(stuck).rejects.toMatchObject({ reason: "unresponsive" });
    expect(await next).toBe(1);
  });

  it("does not replace one that merely waits", async () => {
    const healthCheck = { interval: 10, timeout: 2000 };
    await using pool = CrasherWorker.options({ mode, maxWorkers: 1, healthCheck }).init();
    expect(await pool.sleep(200)).toBe(200);
    expect(pool.stats().workers.restarts).toBe(0);
  });
});
