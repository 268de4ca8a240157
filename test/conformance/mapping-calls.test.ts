/** A mapping makes its calls without a future for each: all else about them is as it is of any call. */
import { AsyncLocalStorage } from "node:async_hooks";
import { AdaptiveLimit, CallLimit, map, pipeline, taskGroup, TimeoutError } from "manyhands";
import { describe, expect, it } from "vitest";
import { FlowWorker } from "#fixtures/flow.js";
import { MODES, POOL_MODES, SPAWNING_MODES } from "./modes.js";

const NUMBERS = Array.from({ length: 300 }, (_, n) => n);

describe.each(MODES)("calls of a mapping in mode %s", (mode) => {
  it("each end for themselves, with their own errors, and are counted", async () => {
    await using pool = FlowWorker.options({ mode, maxWorkers: 1 }).init();
    const outcomes = await map(NUMBERS, (n) => n % 50, { concurrency: 1 }).then((seconds) =>
      map(seconds, pool.half, { settled: true }),
    );
    for (const [n, outcome] of outcomes.entries()) {
      const item = n % 50;
      if (item % 2 === 0) expect(outcome).toEqual({ status: "fulfilled", value: item / 2, item, index: n });
      else expect(outcome).toEqual({ status: "rejected", reason: new RangeError(`odd ${item}`), item, index: n });
    }
    const { calls } = pool.stats();
    expect(calls).toMatchObject({ queued: 0, running: 0, done: NUMBERS.length / 2, failed: NUMBERS.length / 2 });
    const ids = await map(NUMBERS, pool.id, { ordered: false });
    expect(new Set(ids).size).toBe(NUMBERS.length);
  });

  it("wait for futures in their items, are made again, and take limits", async () => {
    const limits = [new CallLimit({ capacity: 1000, window: 60_000 })];
    const methods = { secondTime: { retry: { retries: 1, wait: 0 }, cost: () => ({ calls: 1 }) } };
    await using pool = FlowWorker.options({ mode, maxWorkers: 1, limits, methods }).init();
    expect(await map([[pool.double(1), 3]], pool.doubleAll)).toEqual([[4, 6]]);
    expect(await map(NUMBERS.slice(0, 20), pool.secondTime)).toEqual(NUMBERS.slice(0, 20));
    const { calls, limits: reports } = pool.stats();
    expect(calls).toMatchObject({ retried: 20, failed: 0 });
    expect(reports[0]!.limits[0]).toMatchObject({ inUse: 40 });
  });
});

describe.each(POOL_MODES)("calls of a mapping in mode %s", (mode) => {
  it("are cancelled when their reader leaves, when they take too long, and when the pool stops", async () => {
    await using pool = FlowWorker.options({ mode, maxWorkers: 1, concurrency: 2, timeout: 10_000 }).init();
    await pool.ready();
    const reader = map(NUMBERS, (n) => (n === 0 ? 0 : pool.wait(n)), { concurrency: 4 });
    expect(await reader.next()).toEqual({ value: 0, done: false });
    await reader.return();
    const left = map(NUMBERS, pool.wait, { concurrency: 4 });
    const next = left.next();
    await left.return();
    expect(await next).toEqual({ value: undefined, done: true });
    await pool.drain();
    expect(pool.stats().calls).toMatchObject({ done: 0, failed: 0 });

    await using hasty = FlowWorker.options({ mode, maxWorkers: 1, timeout: 30 }).init();
    await hasty.ready();
    await expect(map(NUMBERS, hasty.wait)).rejects.toThrow(TimeoutError);

    const stopped = map(NUMBERS, pool.wait, { settled: true, concurrency: 4 });
    const outcomes = Promise.resolve(stopped);
    await pool.stop({ timeout: 0 });
    expect(new Set((await outcomes).map(({ status }) => status))).toEqual(new Set(["rejected"]));
  });

  it("are not made, or cancelled, where the source or an item itself ends the mapping", async () => {
    await using pool = FlowWorker.options({ mode, maxWorkers: 1 }).init();
    await pool.ready();
    const bySource = new AbortController();
    function* source(): Generator<number> {
      bySource.abort(new RangeError("by its source"));
      yield 1;
      yield 2;
    }
    await expect(map(source(), pool.wait, { signal: bySource.signal })).rejects.toThrow("by its source");
    const byItem = new AbortController();
    const item = {
      get n(): number {
        byItem.abort(new RangeError("by an item"));
        return 1;
      },
    };
    const mapping = map([item], pool.wait as (item: unknown) => unknown, { signal: byItem.signal });
    if (mode === "async") {
      // Nobody reads an item that is not sent.
      byItem.abort(new RangeError("by an item"));
    }
    await expect(mapping).rejects.toThrow("by an item");
    await pool.drain();
    expect(pool.stats().calls).toMatchObject({ done: 0, failed: 0, running: 0, queued: 0 });
  });

  it("belong to the group that they are made in", async () => {
    await using pool = FlowWorker.options({ mode, maxWorkers: 1 }).init();
    await pool.ready();
    const group = taskGroup(async ({ spawn }) => {
      spawn(async () => map(NUMBERS, pool.wait, { concurrency: 3 }));
      await pool.double(1);
      throw new RangeError("enough");
    });
    await expect(group).rejects.toThrow("enough");
    await pool.drain();
    expect(pool.stats().calls.done).toBe(1);
  });
});

describe.each(SPAWNING_MODES)("the source of a mapping over mode %s", (mode) => {
  it("runs where the mapping was begun, and not within the pool", async () => {
    const storage = new AsyncLocalStorage<string>();
    await using pool = FlowWorker.options({ mode, maxWorkers: 2 }).init();
    await pool.ready();
    const seen = new Set<unknown>();
    function* source(): Generator<number> {
      for (const n of NUMBERS) {
        seen.add(storage.getStore());
        // In the midst of what the pool is told, it would be found busy with calls that have ended.
        const { done, running, queued } = pool.stats().calls;
        expect(done + running + queued).toBe(n);
        yield n;
      }
    }
    const results = storage.run("here", async () => map(source(), pool.double, { concurrency: 5 }));
    expect(await results).toHaveLength(NUMBERS.length);
    expect(seen).toEqual(new Set(["here"]));
  });
});

describe("a limit that follows how calls end", () => {
  it("learns from a mapping what it learns from other calls", async () => {
    const capacityAfter = async (use: "calls" | "mapping" | "stage"): Promise<number> => {
      const limits = [new AdaptiveLimit({ initial: 40, key: "load" })];
      const methods = { answerLate: { cost: () => ({ load: 1 }) } };
      await using pool = FlowWorker.options({ mode: "async", timeout: 20, limits, methods }).init();
      const items = NUMBERS.slice(0, 8);
      if (use === "calls") await Promise.allSettled(items.map((n) => pool.answerLate(n)));
      else if (use === "mapping") await map(items, pool.answerLate, { settled: true });
      else await pipeline(items).stage(pool.answerLate).run({ onError: "skip" });
      await pool.drain();
      return pool.stats().limits[0]!.limits[0]!.capacity;
    };
    const expected = await capacityAfter("calls");
    expect(expected).toBeLessThan(40);
    expect(await capacityAfter("mapping")).toBe(expected);
    expect(await capacityAfter("stage")).toBe(expected);
  });
});
