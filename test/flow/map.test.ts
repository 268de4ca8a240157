import { map, type Mapping, type SettledItem } from "manyhands";
import { describe, expect, expectTypeOf, it } from "vitest";
import { Calls, collect, Gate, Numbers, settle } from "./gate.js";

const double = async (n: number): Promise<number> => 2 * n;

describe("map", () => {
  it("gives the results in the order of their items, awaited and iterated", async () => {
    expect(await map([1, 2, 3], double)).toEqual([2, 4, 6]);
    expect(await collect(map([1, 2, 3], double))).toEqual([2, 4, 6]);
    expect(await map(new Set([1, 2]), (n) => 2 * n)).toEqual([2, 4]);
    expect(await map([], double)).toEqual([]);
    expect(await collect(map([], double))).toEqual([]);
  });

  it("reads async iterables, and promises in both kinds", async () => {
    expect(await map(new Numbers(3).later(), double)).toEqual([0, 2, 4]);
    expect(await map([Promise.resolve(1), 2], double)).toEqual([2, 4]);
    expect(await collect(map(new Set([Promise.resolve(1), Promise.resolve(2)]), (n) => n + 1))).toEqual([2, 3]);
  });

  it("gives each result as soon as it is there when it need not keep the order", async () => {
    const calls = new Calls<number>();
    const mapping = map([1, 2, 3], calls.fn, { ordered: false });
    const first = mapping.next();
    calls.end(3);
    expect(await first).toEqual({ value: 3, done: false });
    calls.end(1);
    expect(await mapping.next()).toEqual({ value: 1, done: false });
    calls.end(2);
    expect(await collect(mapping)).toEqual([2]);
  });

  it("runs as many at once as it may, and begins another when one ends", async () => {
    const calls = new Calls<number>();
    const all = Promise.resolve(map(new Numbers(10), calls.fn, { concurrency: 3 }));
    await settle();
    expect(calls.begun).toEqual([0, 1, 2]);
    calls.end(1);
    await settle();
    expect(calls.begun).toEqual([0, 1, 2, 3]);
    for (let n = 0; n < 10; n += 1) {
      if (n !== 1) calls.end(n);
      await settle();
    }
    expect(await all).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(calls.most).toBe(3);
  });

  it("tells the function the index of its item", async () => {
    expect(await map(["a", "b"], async (item, { index }) => `${item}${index}`)).toEqual(["a0", "b1"]);
    expect(await map(["a", "b"], (item, { index }) => `${item}${index}`)).toEqual(["a0", "b1"]);
  });

  it("begins nothing, and opens no source, before it is asked for something", async () => {
    let opened = 0;
    const source = {
      [Symbol.iterator]: () => {
        opened += 1;
        return [1, 2][Symbol.iterator]();
      },
    };
    const mapping = map(source, double);
    await settle();
    expect(opened).toBe(0);
    expect(await mapping).toEqual([2, 4]);
    expect(opened).toBe(1);
  });

  it("serves any number of next() at once, in order, and then ends them all", async () => {
    const mapping = map(new Numbers(3).later(), double, { concurrency: 2 });
    const answers = await Promise.all(Array.from({ length: 5 }, () => mapping.next()));
    expect(answers.map(({ value }) => value)).toEqual([0, 2, 4, undefined, undefined]);
    expect(answers.map(({ done }) => done)).toEqual([false, false, false, true, true]);
    expect(await mapping.next()).toEqual({ value: undefined, done: true });
  });

  it("serves thousands of next() that wait", async () => {
    const gate = new Gate();
    const mapping = map(new Numbers(), async (n) => gate.promise.then(() => n), { concurrency: 4 });
    const answers = Array.from({ length: 5000 }, () => mapping.next());
    gate.open();
    expect((await Promise.all(answers)).map(({ value }) => value)).toEqual(Array.from({ length: 5000 }, (_, n) => n));
    await mapping.return();
  });

  it("is awaited as often as one likes, and runs once", async () => {
    let runs = 0;
    const mapping = map([1], async () => (runs += 1));
    expect([await mapping, await mapping]).toEqual([[1], [1]]);
    expect(runs).toBe(1);
    await expect(mapping.next()).rejects.toThrow("Cannot iterate the mapping as it is awaited already");
    const iterated = map([1, 2], double);
    await iterated.next();
    await expect(iterated).rejects.toThrow("Cannot await the mapping as it is iterated already");
  });

  it("goes past a slow item as far as the window", async () => {
    const calls = new Calls<number>();
    const mapping = map(new Numbers(), calls.fn, { concurrency: 2, window: 5 });
    const first = mapping.next();
    for (const n of [1, 2, 3, 4]) {
      calls.end(n);
      await settle();
    }
    expect(calls.begun).toEqual([0, 1, 2, 3, 4]);
    calls.end(0);
    expect(await first).toEqual({ value: 0, done: false });
    await mapping.return();
  });

  it("is not held up by a slow item where all results are awaited", async () => {
    const slow = new Gate();
    let ended = 0;
    const all = Promise.resolve(
      map(new Numbers(5000), async (n) => {
        if (n === 0) await slow.promise;
        else ended += 1;
        return n;
      }),
    );
    while (ended < 4999) await settle();
    slow.open();
    expect(await all).toEqual(Array.from({ length: 5000 }, (_, n) => n));
  });

  it.each([true, false])(
    "takes a million items in constant memory, a window ahead of its reader (ordered: %s)",
    async (ordered) => {
      const source = new Numbers(1_000_000);
      let delivered = 0;
      let misplaced = 0;
      let ahead = 0;
      for await (const n of map(source, async (item) => item, { concurrency: 8, window: 20, ordered })) {
        if (n !== delivered) misplaced += 1;
        delivered += 1;
        ahead = Math.max(ahead, source.pulled - delivered);
      }
      expect({ delivered, misplaced }).toEqual({ delivered: 1_000_000, misplaced: 0 });
      expect(ahead).toBeLessThanOrEqual(20);
      expect(ahead).toBeGreaterThan(8);
    },
  );

  it("calls a function without promises only when its result is wanted", async () => {
    const source = new Numbers();
    const mapping = map(source, (n) => n);
    for (let n = 0; n < 3; n += 1) {
      expect(await mapping.next()).toEqual({ value: n, done: false });
      expect(source.pulled).toBe(n + 1);
    }
    await mapping.return();
    expect(source.isClosed).toBe(true);
  });

  it("takes a function that returns a promise only sometimes", async () => {
    const cache = (n: number): number | Promise<number> => (n % 3 === 0 ? Promise.resolve(n) : n);
    const expected = Array.from({ length: 1000 }, (_, n) => n);
    expect(await map(new Numbers(1000), cache, { concurrency: 4 })).toEqual(expected);
    expect(await collect(map(new Numbers(1000).later(), cache, { concurrency: 4, window: 4 }))).toEqual(expected);
  });

  it("keeps what failed beside what did not", async () => {
    const mapping = map(
      ["1", "x", "2"],
      async (text) => {
        if (text === "x") throw new RangeError(text);
        return Number(text);
      },
      { settled: true },
    );
    expectTypeOf(mapping).toEqualTypeOf<Mapping<SettledItem<string, number>>>();
    expect(await mapping).toEqual([
      { status: "fulfilled", value: 1, item: "1", index: 0 },
      { status: "rejected", reason: new RangeError("x"), item: "x", index: 1 },
      { status: "fulfilled", value: 2, item: "2", index: 2 },
    ]);
    const sync = map([1, 2], (n) => (n === 1 ? n : Promise.reject(new RangeError("two"))), { settled: true });
    expect((await collect(sync)).map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  });

  it("infers types", () => {
    expectTypeOf(map([1], async (n) => String(n))).toEqualTypeOf<Mapping<string>>();
    expectTypeOf(map(new Set([Promise.resolve(1)]), (n) => n)).toEqualTypeOf<Mapping<number>>();
    expectTypeOf(map(new Numbers().later(), (n) => n > 1)).toEqualTypeOf<Mapping<boolean>>();
  });

  it.each([
    [{ concurrency: 0 }, "Cannot set 'concurrency' as it must be a positive integer: current value is 0"],
    [{ window: 1.5 }, "Cannot set 'window' as it must be a positive integer: current value is 1.5"],
    [
      { concurrency: 4, window: 3 },
      "Cannot set 'window' as it must be at least the concurrency, which is 4: current value is 3",
    ],
    [{ ordered: 1 }, "Cannot set 'ordered' as it must be a boolean: current value is 1"],
    [{ settled: "yes" }, "Cannot set 'settled' as it must be a boolean: current value is 'yes'"],
    [{ signal: {} }, "Cannot set 'signal' as it must be an AbortSignal: current value is {}"],
    [{ concurency: 4 }, "Cannot set 'options.concurency' as there is no such option: did you mean 'concurrency'?"],
  ])("refuses %j at once", (options, message) => {
    expect(() => map([1], double, options as object)).toThrow(message);
  });

  it("refuses what is no source and no function at once", () => {
    expect(() => map(5 as unknown as number[], double)).toThrow(
      "Cannot read the source of a mapping as it must be an iterable or an async iterable: current value is 5",
    );
    expect(() => map(undefined as unknown as number[], double)).toThrow("current value is undefined");
    expect(() => map([1], 5 as unknown as () => void)).toThrow(
      "Cannot map with a value that is no function: current value is 5",
    );
  });
});
