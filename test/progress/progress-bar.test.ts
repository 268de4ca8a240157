import { Readable } from "node:stream";
import { ProgressBar, type ProgressBarOptions, type ProgressOption } from "manyhands";
import { beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { openProgress } from "../../dist/progress/open-progress.js";
import { FakeClock } from "../limits/fake-clock.js";
import { LineCollector } from "./terminal-emulator.js";

let options: ProgressBarOptions;

beforeEach(() => {
  options = { stream: new LineCollector(), clock: new FakeClock() };
});

/** How a bar stands. */
function stateOf<T>({ done, failures, total, ending }: ProgressBar<T>): unknown[] {
  return [done, failures, total, ending];
}

async function* slowly<T>(items: readonly T[]): AsyncGenerator<T, void, undefined> {
  for (const item of items) yield await Promise.resolve(item);
}

describe("a bar", () => {
  it("counts", () => {
    const bar = new ProgressBar<never>({ ...options, total: 10, initial: 2 });
    bar.advance();
    bar.advance(3);
    bar.advance(2, "failure");
    bar.advance(0);
    expect(stateOf(bar)).toEqual([8, 2, 10, undefined]);
    bar.moveTo(5);
    bar.total = 12;
    expect(stateOf(bar)).toEqual([5, 2, 12, undefined]);
    bar.moveTo(6, 20);
    bar.total = undefined;
    expect(stateOf(bar)).toEqual([6, 2, undefined, undefined]);
  });

  it("ends once, and counts nothing afterwards", () => {
    const bar = new ProgressBar<never>({ ...options, total: 10 });
    bar.fail("first");
    bar.succeed("second");
    bar.stop();
    bar.advance();
    bar.moveTo(7, 8);
    bar.total = 9;
    bar.describe("other");
    expect(stateOf(bar)).toEqual([0, 0, 10, "failure"]);
    expect((options.stream as LineCollector).text).not.toMatch(/second|other/);
  });

  it("ends by 'using' as failed when all of it failed", () => {
    const dispose = (failures: number): ProgressBar => {
      using bar = new ProgressBar<never>({ ...options, total: 3 });
      bar.advance(3 - failures);
      bar.advance(failures, "failure");
      return bar;
    };
    expect([dispose(0), dispose(2), dispose(3)].map(({ ending }) => ending)).toEqual(["success", "success", "failure"]);
  });

  it("ends by 'using' as a success when all is done, else as stopped", () => {
    const dispose = (total: number | undefined, done: number): ProgressBar => {
      using bar = new ProgressBar<never>({ ...options, total, initial: done });
      return bar;
    };
    expect([dispose(3, 3), dispose(3, 4), dispose(0, 0)].map(({ ending }) => ending)).toEqual(Array(3).fill("success"));
    expect([dispose(3, 2), dispose(undefined, 2)].map(({ ending }) => ending)).toEqual(Array(2).fill("stopped"));
    using bar = new ProgressBar<never>({ ...options, total: 3 });
    bar.fail();
    bar[Symbol.dispose]();
    expect(bar.ending).toBe("failure");
  });
});

describe("a bar around a source", () => {
  it("gives what the source gives, counts it, and ends as a success", () => {
    const bar = new ProgressBar(["a", "b", "c"], options);
    expectTypeOf(bar).toEqualTypeOf<ProgressBar<string>>();
    const counts: unknown[] = [];
    for (const item of bar) counts.push([item, ...stateOf(bar)]);
    expect(counts).toEqual([
      ["a", 0, 0, 3, undefined],
      ["b", 1, 0, 3, undefined],
      ["c", 2, 0, 3, undefined],
    ]);
    expect(stateOf(bar)).toEqual([3, 0, 3, "success"]);
  });

  it("does so with asynchronous sources, and with promises", async () => {
    const bar = new ProgressBar(slowly([1, 2]), { ...options, total: 2 });
    const items: number[] = [];
    for await (const item of bar) items.push(item);
    expect(items).toEqual([1, 2]);
    expect(stateOf(bar)).toEqual([2, 0, 2, "success"]);

    const promises = new ProgressBar([Promise.resolve(3), 4], options);
    for await (const item of promises) items.push(item);
    expect(items).toEqual([1, 2, 3, 4]);

    const stream = new ProgressBar<string>(Readable.from(["x", "y"]), options);
    for await (const _ of stream);
    expect(stateOf(stream)).toEqual([2, 0, undefined, "success"]);
  });

  it.each([
    [[1, 2, 3], 3],
    [new Set([1, 2]), 2],
    [new Map([[1, 2]]), 1],
    [new Uint8Array(5), 5],
    ["text", undefined],
    [[1, 2].values(), undefined],
  ])("takes the total from it: %o", (source, total) => {
    expect(new ProgressBar<unknown>(source as Iterable<unknown>, options).total).toBe(total);
    expect(new ProgressBar<unknown>(source as Iterable<unknown>, { ...options, total: 7 }).total).toBe(7);
  });

  it("does not count again what the loop has counted", async () => {
    const bar = new ProgressBar([1, 2, 3, 4], options);
    for (const item of bar) if (item % 2 === 0) bar.advance(1, "failure");
    expect(stateOf(bar)).toEqual([4, 2, 4, "success"]);
    const other = new ProgressBar(slowly([1, 2, 3, 4]), options);
    for await (const item of other) if (item === 3) other.advance(1, "failure");
    expect(stateOf(other)).toEqual([4, 1, undefined, "success"]);
  });

  it("is stopped, and closes the source, when the loop is left or throws", async () => {
    let closed = 0;
    function* source(): Generator<number, void, undefined> {
      try {
        yield* [1, 2, 3];
      } finally {
        closed += 1;
      }
    }
    const left = new ProgressBar(source(), options);
    for (const item of left) if (item === 2) break;
    const threw = new ProgressBar(source(), options);
    expect(() => {
      for (const item of threw) throw new Error(`item ${item}`);
    }).toThrow("item 1");
    const leftLater = new ProgressBar(slowly([1, 2]), options);
    for await (const _ of leftLater) break;
    expect([left, threw, leftLater].map(stateOf)).toEqual([
      [1, 0, undefined, "stopped"],
      [0, 0, undefined, "stopped"],
      [0, 0, undefined, "stopped"],
    ]);
    expect(closed).toBe(2);
  });

  it("fails when the source throws", async () => {
    const failing = new ProgressBar(
      (function* () {
        yield 1;
        throw new Error("broken");
      })(),
      options,
    );
    expect(() => [...failing]).toThrow("broken");
    const failingLater = new ProgressBar(
      (async function* () {
        yield await Promise.resolve(1);
        throw new Error("broken later");
      })(),
      options,
    );
    await expect(drain(failingLater)).rejects.toThrow("broken later");
    expect([failing, failingLater].map(stateOf)).toEqual([
      [1, 0, undefined, "failure"],
      [1, 0, undefined, "failure"],
    ]);
  });

  it("that asks for nothing stays lazy", () => {
    let asked = 0;
    const source = {
      *[Symbol.iterator](): Generator<number, void, undefined> {
        for (;;) yield (asked += 1);
      },
    };
    const bar = new ProgressBar(source, options);
    expect(asked).toBe(0);
    for (const item of bar) if (item === 3) break;
    expect(asked).toBe(3);
  });
});

async function drain(source: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of source);
}

describe("misuse", () => {
  const bar = (given: object): ProgressBar => new ProgressBar<never>({ ...options, ...given });

  it.each([
    [{ totl: 3 }, "Cannot set 'ProgressBar.totl' as there is no such option: did you mean 'total'?"],
    [{ total: -1 }, "Cannot set 'total' as it must be a number, finite and not negative: current value is -1"],
    [{ total: "3" }, "Cannot set 'total' as it must be a number, finite and not negative: current value is '3'"],
    [
      { initial: Number.NaN },
      "Cannot set 'initial' as it must be a number, finite and not negative: current value is NaN",
    ],
    [{ description: 3 }, "Cannot set 'description' as it must be a string: current value is 3"],
    [{ unit: null }, "Cannot set 'unit' as it must be a string: current value is null"],
    [{ leave: 1 }, "Cannot set 'leave' as it must be true or false: current value is 1"],
    [{ interval: -5 }, "Cannot set 'interval' as it must be a number of ms from 0 to 2147483647: current value is -5"],
    [{ stream: {} }, "Cannot set 'stream' as it must have a method 'write': current value is {}"],
    [{ parent: {} }, "Cannot set 'parent' as it must be a ProgressBar: current value is {}"],
  ])("%o is refused at once", (given, message) => {
    expect(() => bar(given)).toThrow(message);
  });

  it("of a live bar is refused as well", () => {
    const live = bar({});
    expect(() => live.advance(-1)).toThrow(RangeError);
    expect(() => live.advance(Number.NaN)).toThrow("Cannot set 'count'");
    expect(() => live.advance(1, "failur" as never)).toThrow("did you mean 'failure'?");
    expect(() => live.moveTo(Number.POSITIVE_INFINITY)).toThrow("Cannot set 'done'");
    expect(() => (live.total = -1)).toThrow("Cannot set 'total'");
    expect(() => live.describe(3 as never)).toThrow("Cannot set 'description'");
    expect(() => live.succeed(3 as never)).toThrow("Cannot set 'text'");
    expect(stateOf(live)).toEqual([0, 0, undefined, undefined]);
  });

  it("of what a followed call is shown by is refused before it says anything", () => {
    expect(() => bar({}).follow(undefined as never, { unit: 3 as never })).toThrow("Cannot set 'unit'");
  });

  it("of sources is refused", async () => {
    expect(() => [...bar({})]).toThrow("Cannot use 'for (const item of bar)' as the bar was made without a source");
    expect(() => [...new ProgressBar(slowly([1]), options)]).toThrow("its source is asynchronous: use 'for await'");
    const twice = new ProgressBar([1], options);
    expect([...twice]).toEqual([1]);
    expect(() => [...twice]).toThrow("Cannot iterate the bar as it was iterated before: make a new one");
    await expect(drain(bar({}) as never)).rejects.toThrow("without a source");
  });
});

describe("the option 'progress'", () => {
  it("opens a bar where one is asked for, with what it does not say filled in", () => {
    const defaults = { ...options, total: 5, description: "Calls" };
    expect([undefined, false].map((option) => openProgress(option, defaults))).toEqual([undefined, undefined]);
    expect(openProgress(true, defaults)?.total).toBe(5);
    expect(openProgress({ total: 7, description: undefined }, defaults)?.total).toBe(7);
    expect((options.stream as LineCollector).lines).toEqual(["Calls: 0% (0/5)", "Calls: 0% (0/7)"]);
  });

  it("is checked", () => {
    expect(() => openProgress("yes" as unknown as ProgressOption, options)).toThrow(
      "Cannot set 'progress' as it must be a boolean or the options of a progress bar: current value is 'yes'",
    );
    expect(() => openProgress({ unti: "files" } as ProgressOption, options)).toThrow("did you mean 'unit'?");
  });
});
