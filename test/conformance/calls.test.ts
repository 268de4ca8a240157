import type { Future, Stream } from "manyhands";
import { describe, expect, expectTypeOf, it } from "vitest";
import { CounterWorker } from "#fixtures/counter.js";
import { collect } from "./collect.js";
import { MODES, POOL_MODES } from "./modes.js";

describe.each(MODES)("calls in mode %s", (mode) => {
  it("passes constructor and method arguments, several of each, optional ones left out", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init(5, "five", { step: 10 });
    expect(await pool.increment()).toBe(15);
    expect(await pool.increment(1)).toBe(16);
    expect(await pool.describe("<", "-", ">")).toBe("<-five->");
    expect(await pool.add(2, 3)).toBe(5);
  });

  it("has methods that can be passed around", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
    const { add } = pool;
    expect(await add(1, 2)).toBe(3);
  });

  it("keeps state between calls, of synchronous and asynchronous methods", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
    const results = await Promise.all([pool.increment(1), pool.incrementLater(10), pool.increment(100)]);
    expect(results.at(-1)).toBeGreaterThanOrEqual(101);
    expect(await pool.count()).toBe(111);
  });

  it("does not proxy getters or fields", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
    expect("current" in pool).toBe(false);
    expect("label" in pool).toBe(false);
  });

  it("gives call() the id of its future", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
    const future = pool.callId();
    expect(await future).toBe(future.id);
    expect(future.attempts).toBe(1);
    expect(future.worker).toMatchObject({ index: 0, mode });
    expect(future.timings.ran).toBeGreaterThanOrEqual(0);
    expect(future.timings.waited).toBeGreaterThanOrEqual(0);
  });

  it("reports progress to the future", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
    await pool.ready();
    const seen: unknown[] = [];
    const future = pool.progress(3).onProgress(({ done, total }) => seen.push([done, total]));
    expect(await future).toBe(3);
    expect(seen.at(-1)).toEqual([3, 3]);
    expect(future.progress).toEqual({ done: 3, total: 3 });
  });

  it("tells whoever listens to the future at once of every report, by functions taken off call()", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
    const lines: unknown[] = [];
    pool.on("log", ({ values }) => lines.push(values));
    const seen: number[] = [];
    expect(await pool.progressApart(3).onProgress(({ done }) => seen.push(done))).toBe(3);
    expect(seen).toEqual([1, 2, 3]);
    expect(lines).toEqual([["all", 3]]);
  });

  it("tells whoever listens late of the last report, in a microtask", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
    const future = pool.progress(3);
    await future;
    const seen: unknown[] = [];
    future.onProgress((progress) => seen.push(progress));
    expect(seen).toEqual([]);
    await Promise.resolve();
    expect(seen).toEqual([{ done: 3, total: 3 }]);
  });

  it("sends what a method logs to listeners", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
    const lines: unknown[] = [];
    pool.on("log", ({ values, callId }) => lines.push([callId, ...values]));
    const future = pool.log("hello", { n: 1 });
    await future;
    expect(lines).toEqual([[future.id, "hello", { n: 1 }]]);
  });

  it("streams what an async generator yields, in order", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
    const numbers = await collect(pool.numbers(100));
    expect(numbers).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect(await collect(pool.letters("abc"))).toEqual(["a", "b", "c"]);
  });

  it("stops the generator when the consumer stops, and waits for its finally", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
    for await (const number of pool.numbers(1_000_000)) if (number === 9) break;
    const produced = -(await pool.count());
    // `numbers` counts what it yields and negates the count in its `finally`.
    expect(produced).toBeGreaterThanOrEqual(10);
    expect(produced).toBeLessThanOrEqual(10 + 2 * 16);
  });

  it("does not let the generator run ahead of a slow consumer", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1, concurrency: 2 }).init();
    const stream = pool.with({ readAhead: 4 }).numbers(1000);
    await stream.next();
    let produced = 0;
    for (let settled = -1; settled !== produced;) {
      settled = produced;
      produced = await pool.count();
    }
    expect(produced).toBeLessThanOrEqual(1 + 4);
    await stream.return();
  });

  it("ends a stream with the error of its generator, after the items before it", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
    const items: number[] = [];
    const consume = async (): Promise<void> => {
      for await (const item of pool.failing(3)) items.push(item);
    };
    await expect(consume()).rejects.toMatchObject({ name: "TeapotError", message: "Ran dry" });
    expect(items).toEqual([0, 1, 2]);
  });

  it("runs nothing of a stream that nobody reads", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 1 }).init();
    const stream = pool.numbers(5);
    expect(await pool.count()).toBe(0);
    await stream.return();
    expect(await pool.count()).toBe(0);
  });
});

describe.each(POOL_MODES)("workers in mode %s", (mode) => {
  it("have a state of their own", async () => {
    await using pool = CounterWorker.options({ mode, maxWorkers: 3 }).init();
    for (let round = 1; round <= 3; round += 1) {
      for (let worker = 0; worker < 3; worker += 1) expect(await pool.increment()).toBe(round);
    }
    expect(await pool.broadcast.count()).toEqual([3, 3, 3]);
  });
});

describe("types", () => {
  it("follow the class", () => {
    const pool = CounterWorker.options({ mode: "async" }).init();
    expectTypeOf(pool.add).toBeCallableWith(1, 2);
    expectTypeOf(pool.increment).toBeCallableWith();
    expectTypeOf(pool.add(1, 2)).toEqualTypeOf<Future<number>>();
    expectTypeOf(pool.incrementLater(1)).toEqualTypeOf<Future<number>>();
    expectTypeOf(pool.numbers(1)).toEqualTypeOf<Stream<number>>();
    expectTypeOf(pool.letters("a")).toEqualTypeOf<Stream<string>>();
    expectTypeOf(pool.broadcast.count).returns.toEqualTypeOf<Promise<number[]>>();
    expectTypeOf(pool).not.toHaveProperty("current");
    expectTypeOf(pool).not.toHaveProperty("label");
    expectTypeOf(pool.workers[0]!.count).returns.toEqualTypeOf<Future<number>>();
    // @ts-expect-error a string is no number
    const wrong = (): unknown => pool.add("1", 2);
    expect(wrong).toBeTypeOf("function");
  });
});
