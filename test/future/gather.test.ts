import { PassThrough } from "node:stream";
import * as fc from "fast-check";
import { CancelledError, type Future, gather, TimeoutError } from "manyhands";
import { afterEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { KINDS, type Open, openFuture, openPromise } from "./open-futures.js";

const error = new Error("no luck");

afterEach(() => {
  vi.useRealTimers();
});

describe.each(KINDS)("gather of %s", (_kind, open) => {
  it("returns results in the order given, whatever the order in which they come", async () => {
    const entries = [open<number>(), open<number>(), open<number>()];
    const all = gather(entries.map(({ item }) => item));
    for (const index of [2, 0, 1]) entries[index]!.resolve(index);
    expect(await all).toEqual([0, 1, 2]);
    expect(await gather(entries.map(({ item }) => item))).toEqual([0, 1, 2]);
  });

  it("rejects with the first error, at once; the others go on", async () => {
    const [first, second, third] = [open<number>(), open<number>(), open<number>()];
    const all = gather([first.item, second.item, third.item]);
    second.reject(error);
    await expect(all).rejects.toBe(error);
    third.reject(new Error("later"));
    first.resolve(1);
    expect(await first.item).toBe(1);
    expect(first.reasons).toEqual([]);
  });

  it("puts errors in the place of results when asked to", async () => {
    const [first, second, third] = [open<number>(), open<number>(), open<number>()];
    const all = gather([first.item, second.item, third.item], { returnExceptions: true });
    third.reject("a string");
    second.reject(error);
    first.resolve(1);
    const [one, two, three] = await all;
    expect(one).toBe(1);
    expect(two).toBe(error);
    expect(three).toBeInstanceOf(Error);
    expect((three as Error).cause).toBe("a string");
  });

  it("keeps the keys of objects and Maps", async () => {
    const [a, b] = [open<number>(), open<string>()];
    const object = gather({ a: a.item, b: b.item, ["__proto__"]: 1, c: "plain" });
    const map = gather(
      new Map<string, PromiseLike<unknown>>([
        ["x", a.item],
        ["y", b.item],
      ]),
    );
    b.resolve("b");
    a.resolve(1);
    const result = await object;
    expect(Object.entries(result)).toEqual([
      ["a", 1],
      ["b", "b"],
      ["__proto__", 1],
      ["c", "plain"],
    ]);
    expect(await map).toEqual(
      new Map<string, unknown>([
        ["x", 1],
        ["y", "b"],
      ]),
    );
  });

  it("says when the time is over how many had settled; they go on", async () => {
    vi.useFakeTimers();
    const [first, second] = [open<number>(), open<number>()];
    const outcome = gather([first.item, second.item, 3], { timeout: 50 }).catch((reason: unknown) => reason);
    first.resolve(1);
    await vi.advanceTimersByTimeAsync(50);
    expect(await outcome).toBeInstanceOf(TimeoutError);
    expect(await outcome).toMatchObject({
      timeout: 50,
      message: "Cannot gather 3 futures within 50 ms as only 2 had settled by then",
    });
    expect(second.reasons).toEqual([]);
    second.resolve(2);
    expect(await second.item).toBe(2);
  });
});

describe("gather", () => {
  it.each([true, false])("leaves no timer behind (success: %s)", async (isSuccess) => {
    vi.useFakeTimers();
    const { item, resolve, reject } = openFuture<number>();
    const outcome = gather([item], { timeout: 50 }).catch((reason: unknown) => reason);
    if (isSuccess) resolve(1);
    else reject(error);
    expect(await outcome).toEqual(isSuccess ? [1] : error);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("rejects with the reason of the signal, before it begins or later", async () => {
    const { item } = openFuture<number>();
    const controller = new AbortController();
    const all = gather([item], { signal: controller.signal });
    controller.abort(error);
    await expect(all).rejects.toBe(error);
    await expect(gather([1], { signal: controller.signal })).rejects.toBe(error);
    expect(item.status).toBe("running");
  });

  it.each(["failure", "timeout", "abort"])("cancels what is pending after a %s, when asked to", async (why) => {
    vi.useFakeTimers();
    const controller = new AbortController();
    const entries = [openFuture<number>(), openFuture<number>(), openFuture<number>()];
    const { signal } = controller;
    const items = entries.map(({ item }) => item);
    const outcome = gather(items, { cancelOnFailure: true, timeout: 10, signal }).catch((reason: unknown) => reason);
    entries[0]!.resolve(1);
    if (why === "failure") entries[1]!.reject(error);
    if (why === "abort") controller.abort(error);
    await vi.advanceTimersByTimeAsync(10);
    const cause = await outcome;
    if (why !== "timeout") expect(cause).toBe(error);
    expect(items.map(({ status }) => status)).toEqual([
      "done",
      why === "failure" ? "failed" : "cancelled",
      "cancelled",
    ]);
    const [reason] = entries[2]!.reasons;
    expect(reason).toBeInstanceOf(CancelledError);
    expect((reason as CancelledError).cause).toBe(cause);
  });

  it("waits for what an iterable yields, for thenables, and for nothing at all", async () => {
    function* items(): Generator<PromiseLike<number> | number> {
      yield Promise.resolve(1);
      yield 2;
      // A thenable that settles twice, and throws.
      yield {
        // oxlint-disable-next-line unicorn/no-thenable
        then: (onFulfilled: (value: number) => void): never => {
          onFulfilled(3);
          onFulfilled(4);
          throw error;
        },
      } as PromiseLike<number>;
    }
    expect(await gather(items())).toEqual([1, 2, 3]);
    expect(await gather(new Set([openSettled(5)]))).toEqual([5]);
    expect(await gather([])).toEqual([]);
    expect(await gather({})).toEqual({});
    const twice = openSettled(6);
    expect(await gather([twice, twice])).toEqual([6, 6]);
  });

  it("does not take an error that is a result for a failure", async () => {
    expect(await gather([openSettled(error)])).toEqual([error]);
  });

  it.each([
    [() => gather("ab" as never), "must be an iterable, a Map or a plain object of them: current value is 'ab'"],
    [() => gather(openSettled(1) as never), "it is a single one, which can be awaited"],
    [() => gather([1], openSettled(1) as never), "given one by one"],
    [() => gather((async function* () {})() as never), "which is for 'map' or 'for await'"],
    [() => gather([1], { timout: 1 } as never), "did you mean 'timeout'?"],
    [() => gather([1], { timeout: -1 }), "current value is -1"],
    [() => gather([1], { signal: 7 as never }), "must be an AbortSignal: current value is 7"],
    [() => gather([1], { progress: 7 as never }), "current value is 7"],
  ])("refuses what makes no sense: %s", async (misuse, message) => {
    await expect(misuse()).rejects.toThrow(message);
  });

  it("shows in a bar how many have settled and failed", async () => {
    const stream = new PassThrough({ encoding: "utf8" });
    const bar = { stream, description: "Hashing", colour: false };
    const entries = [openFuture<number>(), openFuture<number>()];
    const all = gather(
      entries.map(({ item }) => item),
      { progress: bar, returnExceptions: true },
    );
    entries[1]!.reject(error);
    entries[0]!.resolve(1);
    await all;
    expect(await gather([Promise.reject(error), 1], { progress: bar }).catch(() => "rejected")).toBe("rejected");
    const lines = (stream.read() as string).trimEnd().split("\n");
    expect(lines.at(1)).toMatch(/^Hashing: done at 100% \(2\/2\), 1 failed/);
    expect(lines.at(-1)).toMatch(/^Hashing: failed at/);
  });

  it("agrees with Promise.all and Promise.allSettled, for any outcomes in any order", async () => {
    const outcome = fc.record({ fails: fc.boolean(), isFuture: fc.boolean(), rank: fc.double({ noNaN: true }) });
    await fc.assert(
      fc.asyncProperty(fc.array(outcome, { maxLength: 12 }), async (outcomes) => {
        const entries = outcomes.map(({ isFuture }): Open<number> => (isFuture ? openFuture() : openPromise()));
        const items = entries.map(({ item }) => item);
        const plain = [Promise.all(items), Promise.allSettled(items)] as const;
        const ours = [gather(items), gather(items, { returnExceptions: true })] as const;
        const order = [...outcomes.keys()].toSorted((a, b) => outcomes[a]!.rank - outcomes[b]!.rank);
        for (const index of order) {
          if (outcomes[index]!.fails) entries[index]!.reject(new Error(String(index)));
          else entries[index]!.resolve(index);
          // A promise tells a microtask later than a future.
          await Promise.resolve();
        }
        const [all, settled] = await Promise.all([settledAs(plain[0]), plain[1]]);
        expect(await settledAs(ours[0])).toEqual(all);
        expect(await ours[1]).toEqual(settled.map((one) => (one.status === "fulfilled" ? one.value : one.reason)));
      }),
      { numRuns: 50 },
    );
  });

  it("keeps types", () => {
    const text = openSettled("a");
    const numbers = [openSettled(1)];
    expectTypeOf(gather([text, Promise.resolve(1), true])).resolves.toEqualTypeOf<[string, number, boolean]>();
    expectTypeOf(gather(numbers)).resolves.toEqualTypeOf<number[]>();
    expectTypeOf(gather(new Set(numbers))).resolves.toEqualTypeOf<number[]>();
    expectTypeOf(gather({ a: text, b: 1 })).resolves.toEqualTypeOf<{ a: string; b: number }>();
    expectTypeOf(gather(new Map([["k", text]]))).resolves.toEqualTypeOf<Map<string, string>>();
    expectTypeOf(gather([text], { returnExceptions: true })).resolves.toEqualTypeOf<[string | Error]>();
    expectTypeOf(gather({ a: text }, { returnExceptions: true })).resolves.toEqualTypeOf<{ a: string | Error }>();
    expectTypeOf(gather(numbers, { timeout: 5 })).resolves.toEqualTypeOf<number[]>();
    const isKept = numbers.length > 1;
    expectTypeOf(gather(numbers, { returnExceptions: isKept })).resolves.toEqualTypeOf<(number | Error)[]>();
    interface Two {
      a: Future<string>;
      b: number;
    }
    const two: Two = { a: text, b: 1 };
    expectTypeOf(gather(two)).resolves.toEqualTypeOf<{ a: string; b: number }>();
    // @ts-expect-error a single future is awaited
    const single = (): unknown => gather(text);
    expect(single).toBeTypeOf("function");
  });
});

function openSettled<T>(value: T): Future<T> {
  const { item, resolve } = openFuture<T>();
  resolve(value);
  return item;
}

async function settledAs(promise: Promise<unknown>): Promise<unknown> {
  const [outcome] = await Promise.allSettled([promise]);
  return outcome;
}
