import { CancelledError, TimeoutError } from "manyhands";
import { describe, expect, it } from "vitest";
import { CounterWorker } from "#fixtures/counter.js";
import { MODES, REMOTE_MODES } from "./modes.js";
import { until } from "./until.js";

describe.each(MODES)("cancelling in mode %s", (mode) => {
  const open = (options: { grace?: number; maxQueuedTasks?: number; concurrency?: number } = {}) =>
    CounterWorker.options({ mode, maxWorkers: 1, concurrency: 1, ...options }).init();

  it("removes a waiting call at once, and it never runs", async () => {
    await using pool = open();
    await pool.ready();
    const blocker = pool.sleep(30);
    const waiting = pool.increment();
    expect(waiting.cancel()).toBe(true);
    expect(waiting.status).toBe("cancelled");
    await expect(waiting).rejects.toBeInstanceOf(CancelledError);
    expect(waiting.cancel()).toBe(false);
    await blocker;
    expect(await pool.count()).toBe(0);
  });

  it("rejects with the reason given, or the signal's", async () => {
    await using pool = open();
    const blocker = pool.sleep(10);
    const reason = new RangeError("Changed my mind");
    const future = pool.increment();
    future.cancel(reason);
    expect(await future.exception()).toBe(reason);
    const controller = new AbortController();
    const signalled = pool.with({ signal: controller.signal }).increment();
    controller.abort(reason);
    expect(await signalled.exception()).toBe(reason);
    expect(
      await pool
        .with({ signal: AbortSignal.abort(reason) })
        .increment()
        .exception(),
    ).toBe(reason);
    await blocker;
    expect(await pool.count()).toBe(0);
  });

  it("fires the signal in a running method, and the worker goes on", async () => {
    await using pool = open();
    await pool.ready();
    const running = pool.untilAborted();
    await until(() => running.status === "running");
    running.cancel();
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    // The method sets the count to -1 when its signal fires.
    await until(() => pool.stats().workers.busy === 0);
    expect(await pool.count()).toBe(-1);
    expect(pool.stats().workers.restarts).toBe(0);
  });

  it("times out waiting and running calls", async () => {
    await using pool = open();
    await pool.ready();
    const running = pool.with({ timeout: 200 }).untilAborted();
    const waiting = pool.with({ timeout: 10 }).increment();
    await expect(waiting).rejects.toBeInstanceOf(TimeoutError);
    await expect(running).rejects.toMatchObject({ code: "MH_TIMEOUT", timeout: 200 });
    expect(running.status).toBe("failed");
    await until(() => pool.stats().workers.busy === 0);
    expect(await pool.count()).toBe(-1);
  });

  it("gives up a call that ignores its signal, after the grace", async () => {
    await using pool = open({ grace: 20 });
    await pool.ready();
    const stuck = pool.sleep(100_000);
    const next = pool.add(1, 1);
    stuck.cancel();
    expect(await next).toBe(2);
  });
});

describe.each(REMOTE_MODES)("a stuck worker in mode %s", (mode) => {
  it("is replaced after the grace, and its siblings' calls are untouched", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 2, timeout: 300, grace: 50 }).init();
    await pool.ready();
    const sibling = pool.with({ timeout: 10_000 }).sleep(600);
    const stuck = pool.forever();
    const behind = Array.from({ length: 6 }, () => pool.with({ timeout: 10_000 }).add(1, 1));
    await expect(stuck).rejects.toBeInstanceOf(TimeoutError);
    expect(await Promise.all(behind)).toEqual([2, 2, 2, 2, 2, 2]);
    expect(await sibling).toBe(600);
    expect(pool.stats().workers.restarts).toBe(1);
  });

  it("is replaced at once, with terminate", async () => {
    await using pool = CounterWorker.options({
      mode,
      maxWorkers: 1,
      abortStrategy: "terminate",
      grace: 100_000,
    }).init();
    await pool.ready();
    const stuck = pool.forever();
    await until(() => stuck.status === "running");
    stuck.cancel();
    expect(await pool.add(1, 1)).toBe(2);
    expect(pool.stats().workers.restarts).toBe(1);
  });

  it("is left to finish, with ignore", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1, abortStrategy: "ignore", grace: 1 }).init();
    await pool.ready();
    const slow = pool.block(100);
    slow.cancel();
    await expect(slow).rejects.toBeInstanceOf(CancelledError);
    expect(await pool.add(1, 1)).toBe(2);
    expect(pool.stats().workers.restarts).toBe(0);
  });

  it("lets other calls of the same worker finish first", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1, concurrency: 2, grace: 30 }).init();
    await pool.ready();
    const other = pool.sleep(300);
    const stubborn = pool.sleep(100_000);
    stubborn.cancel();
    const next = pool.add(1, 1);
    expect(await other).toBe(300);
    expect(await next).toBe(2);
    await until(() => pool.stats().workers.restarts === 1);
  });
});
