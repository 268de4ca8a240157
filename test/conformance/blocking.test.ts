import { SerializationError, TimeoutError, WorkerCrashedError } from "manyhands";
import { describe, expect, expectTypeOf, it, vi } from "vitest";
import { CounterWorker, TeapotError } from "#fixtures/counter.js";
import { CrasherWorker } from "#fixtures/crasher.js";
import { REMOTE_MODES } from "./modes.js";

describe.each(["sync", "thread", "process"] as const)("a pool that blocks in mode %s", (mode) => {
  it("returns results and throws errors directly", () => {
    using pool = CounterWorker.options({ mode, maxWorkers: 1, blocking: true }).init(5);
    expectTypeOf(pool.increment).returns.toEqualTypeOf<number>();
    expect(pool.increment(2)).toBe(7);
    expect(pool.increment(2)).toBe(9);
    expect(() => pool.fail("type")).toThrow(TypeError);
    expect(() => pool.fail("teapot")).toThrow(/Short and stout/);
    expect(pool.stats().calls).toMatchObject({ done: 2, failed: 2 });
  });
});

describe.each(REMOTE_MODES)("a pool that blocks in mode %s", (mode) => {
  it("waits for asynchronous methods, and streams", () => {
    using pool = CounterWorker.options({ mode, maxWorkers: 1, blocking: true }).init();
    expectTypeOf(pool.incrementLater).returns.toEqualTypeOf<number>();
    expectTypeOf(pool.numbers).returns.toEqualTypeOf<IterableIterator<number>>();
    expect(pool.incrementLater(4)).toBe(4);
    expect([...pool.letters("abc")]).toEqual(["a", "b", "c"]);
    for (const number of pool.numbers(1000)) if (number === 3) break;
    expect(pool.count()).toBeLessThan(0);
  });

  it("prints what a method logs in the caller's thread, when the pool stops at the latest", () => {
    const printed = vi.spyOn(console, "log").mockImplementation(() => {});
    try {
      const pool = CounterWorker.options({ mode, maxWorkers: 1, blocking: true }).init();
      const lines = ["first", "second", "third"];
      for (const line of lines) pool.log(line, { length: line.length });
      pool.stop();
      expect(printed.mock.calls).toEqual(lines.map((line) => ["[Counter 0]", line, { length: line.length }]));
    } finally {
      printed.mockRestore();
    }
  });

  it("wakes up when the worker dies, a call times out, or an argument cannot be sent", async () => {
    // A turn of the event loop, in which the error classes of the module become known.
    using pool = CrasherWorker.options({ mode, maxWorkers: 1, blocking: true }).init();
    await Promise.resolve();
    expect(() => pool.exit(1)).toThrow(WorkerCrashedError);
    expect(() => pool.with({ timeout: 50 }).forever()).toThrow(TimeoutError);
    expect(pool.calls()).toBe(1);
    using counter = CounterWorker.options({ mode, maxWorkers: 1, blocking: true }).init();
    expect(() => counter.echo(() => 1)).toThrow(SerializationError);
    expect(() => counter.unsendable()).toThrow(SerializationError);
  });

  it("takes futures that have settled, also nested, and refuses pending ones", async () => {
    using pool = CounterWorker.options({ mode, maxWorkers: 1, blocking: true }).init();
    await using other = CounterWorker.options({ mode: "async" }).init();
    const settled = other.add(1, 1);
    await settled;
    const blocking = pool.sum as (values: readonly unknown[]) => number;
    expect(blocking([settled, 1])).toBe(3);
    const pending = other.sleep(1);
    expect(() => blocking([pending])).toThrow(/await it first/);
    await pending;
  });

  it("revives the errors of the worker's module", async () => {
    using pool = CounterWorker.options({ mode, maxWorkers: 1, blocking: true }).init();
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(() => pool.fail("teapot")).toThrow(TeapotError);
  });
});

describe("blocking", () => {
  it("is refused in mode async", () => {
    expect(() => CounterWorker.options({ mode: "async", blocking: true }).init()).toThrow(TypeError);
  });

  it("is refused of an asynchronous method in mode sync", () => {
    using pool = CounterWorker.options({ mode: "sync", blocking: true }).init();
    expect(() => pool.incrementLater(1)).toThrow(/asynchronous/);
  });
});
