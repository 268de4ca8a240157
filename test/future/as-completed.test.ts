import { PassThrough } from "node:stream";
import * as fc from "fast-check";
import { asCompleted, type Completed, type Future, TimeoutError } from "manyhands";
import { afterEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { KINDS, type Open, openFuture, openPromise } from "./open-futures.js";

const error = new Error("no luck");

afterEach(() => {
  vi.useRealTimers();
});

describe.each(KINDS)("asCompleted of %s", (_kind, open) => {
  it("yields them in the order in which they settle, each once (A1)", async () => {
    const entries = [open<string>(), open<string>(), open<string>(), open<string>()];
    const items = entries.map(({ item }) => item);
    const seen: unknown[] = [];
    const loop = (async () => {
      for await (const { index, future, status, value } of asCompleted(items)) {
        expect(future).toBe(items[index]);
        seen.push([index, status, value]);
      }
    })();
    for (const index of [2, 0, 3, 1]) {
      entries[index]!.resolve(`v${index}`);
      await Promise.resolve();
    }
    await loop;
    expect(seen).toEqual([
      [2, "done", "v2"],
      [0, "done", "v0"],
      [3, "done", "v3"],
      [1, "done", "v1"],
    ]);
  });

  it("goes on after a failure", async () => {
    const entries = [open<number>(), open<number>()];
    const iterator = asCompleted(entries.map(({ item }) => item));
    entries[1]!.reject(error);
    const failed = (await iterator.next()).value!;
    expect(failed).toMatchObject({ index: 1, status: "failed", error });
    await expect(failed.future).rejects.toBe(error);
    entries[0]!.resolve(1);
    expect((await iterator.next()).value).toMatchObject({ index: 0, status: "done", value: 1, error: undefined });
    expect(await iterator.next()).toEqual({ value: undefined, done: true });
  });

  it("ends with the first failure where the future is awaited", async () => {
    const entries = [open<number>(), open<number>()];
    const loop = (async () => {
      for await (const { future } of asCompleted(entries.map(({ item }) => item))) expect(await future).toBe(1);
    })();
    entries[0]!.resolve(1);
    entries[1]!.reject(error);
    await expect(loop).rejects.toBe(error);
  });

  it("yields what is there when the time is over, then throws; they go on", async () => {
    vi.useFakeTimers();
    const entries = [open<number>(), open<number>()];
    const iterator = asCompleted(
      entries.map(({ item }) => item),
      { timeout: 50 },
    );
    const first = iterator.next();
    await vi.advanceTimersByTimeAsync(20);
    entries[1]!.resolve(1);
    expect((await first).value).toMatchObject({ index: 1 });
    const second = iterator.next().catch((reason: unknown) => reason);
    await vi.advanceTimersByTimeAsync(30);
    expect(await second).toBeInstanceOf(TimeoutError);
    expect(await second).toMatchObject({
      message: "Cannot yield 2 futures within 50 ms as only 1 had settled by then",
    });
    expect(await iterator.next()).toEqual({ value: undefined, done: true });
    expect(entries[0]!.reasons).toEqual([]);
  });
});

describe("asCompleted", () => {
  it("keeps a timeout until what had settled before it has been taken", async () => {
    vi.useFakeTimers();
    const [one, two, three] = [openFuture<number>(), openFuture<number>(), openFuture<number>()];
    const iterator = asCompleted([one.item, two.item, three.item], { timeout: 50 });
    one.resolve(1);
    expect((await iterator.next()).value).toMatchObject({ index: 0 });
    two.resolve(2);
    await vi.advanceTimersByTimeAsync(50);
    expect((await iterator.next()).value).toMatchObject({ index: 1 });
    await expect(iterator.next()).rejects.toBeInstanceOf(TimeoutError);
  });

  it("ends at once when the signal fires, with its reason", async () => {
    const [one, two] = [openFuture<number>(), openFuture<number>()];
    const controller = new AbortController();
    const iterator = asCompleted([one.item, two.item], { signal: controller.signal });
    one.resolve(1);
    await iterator.next();
    const next = iterator.next();
    controller.abort(error);
    await expect(next).rejects.toBe(error);
    const late = asCompleted([openSettled(1)], { signal: controller.signal });
    await expect(late.next()).rejects.toBe(error);
    expect(await late.next()).toEqual({ value: undefined, done: true });
  });

  it("leaves no timer behind when it is left early (A2), and ends those who still wait", async () => {
    vi.useFakeTimers();
    const entries = [openFuture<number>(), openFuture<number>(), openFuture<number>()];
    entries[0]!.resolve(1);
    const iterator = asCompleted(
      entries.map(({ item }) => item),
      { timeout: 50 },
    );
    for await (const { index } of iterator) {
      expect(index).toBe(0);
      break;
    }
    expect(vi.getTimerCount()).toBe(0);
    const other = asCompleted([entries[1]!.item, entries[2]!.item]);
    const waiting = [other.next(), other.next(), other.next()];
    await other.return!();
    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 3 }, () => ({ value: undefined, done: true })));
  });

  it("serves many who ask at once, each with another (A3)", async () => {
    const entries = [openFuture<number>(), openFuture<number>(), openFuture<number>()];
    const iterator = asCompleted(entries.map(({ item }) => item));
    const asked = [iterator.next(), iterator.next(), iterator.next(), iterator.next()];
    for (const index of [1, 2, 0]) entries[index]!.resolve(index);
    const results = await Promise.all(asked);
    expect(results.map(({ value }) => value?.index)).toEqual([1, 2, 0, undefined]);
  });

  it("lets a promise reject before the loop begins", async () => {
    const iterator = asCompleted([Promise.reject(error)]);
    await new Promise((resolve) => setImmediate(resolve));
    expect((await iterator.next()).value).toMatchObject({ status: "failed", error });
  });

  it("yields plain values, and tells of a cancelled future", async () => {
    const { item } = openFuture<number>();
    item.cancel(error);
    const seen: Completed<unknown>[] = [];
    for await (const completed of asCompleted<unknown>([7, item])) seen.push(completed);
    expect(seen).toMatchObject([
      { index: 0, value: 7, future: 7 },
      { index: 1, status: "cancelled", error },
    ]);
    expect(await asCompleted([]).next()).toEqual({ value: undefined, done: true });
  });

  it.each([
    [() => asCompleted(7 as never), "must be an iterable of them: current value is 7"],
    [() => asCompleted({ a: 1 } as never), "must be an iterable of them"],
    [() => asCompleted([], { signl: 1 } as never), "did you mean 'signal'?"],
    [() => asCompleted([], { timeout: Number.NaN }), "current value is NaN"],
    [() => asCompleted([], { progress: "yes" as never }), "current value is 'yes'"],
  ])("refuses at once what makes no sense: %s", (misuse, message) => {
    expect(misuse).toThrow(message);
  });

  it("shows in a bar how many have settled", async () => {
    const stream = new PassThrough({ encoding: "utf8" });
    const progress = { stream, description: "Hashing" };
    for await (const { value } of asCompleted([openSettled(1), openSettled(2)], { progress })) if (value === 0) break;
    for await (const { value } of asCompleted([openSettled(1), openFuture().item], { progress }))
      if (value === 1) break;
    const lines = (stream.read() as string).trimEnd().split("\n");
    expect(lines.filter((line) => line.startsWith("Hashing: done at 100% (2/2)"))).toHaveLength(1);
    expect(lines.at(-1)).toMatch(/^Hashing: stopped at 50% \(1\/2\)/);
  });

  it("yields each outcome once and none other, for any outcomes in any order", async () => {
    const outcome = fc.record({
      fails: fc.boolean(),
      kind: fc.constantFrom("future", "promise", "settled"),
      rank: fc.double({ noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(outcome, { maxLength: 12 }), async (outcomes) => {
        const entries = outcomes.map(({ kind }): Open<number> => (kind === "promise" ? openPromise() : openFuture()));
        const settle = (index: number): void => {
          if (outcomes[index]!.fails) entries[index]!.reject(index);
          else entries[index]!.resolve(index);
        };
        const order = [...outcomes.keys()].toSorted((a, b) => outcomes[a]!.rank - outcomes[b]!.rank);
        const early = [...outcomes.keys()].filter((index) => outcomes[index]!.kind === "settled");
        for (const index of early) settle(index);
        const seen: number[] = [];
        const loop = (async () => {
          for await (const { index, status, error: thrown } of asCompleted(entries.map(({ item }) => item))) {
            expect(status).toBe(outcomes[index]!.fails ? "failed" : "done");
            if (status === "failed") expect(thrown).toBe(index);
            seen.push(index);
          }
        })();
        const late = order.filter((index) => outcomes[index]!.kind !== "settled");
        for (const index of late) {
          settle(index);
          await Promise.resolve();
        }
        await loop;
        expect(seen).toEqual([...early, ...late]);
      }),
      { numRuns: 50 },
    );
  });

  it("keeps types", () => {
    const completed = asCompleted([openSettled("a")]);
    expectTypeOf(completed[Symbol.asyncIterator]().next()).resolves.toEqualTypeOf<
      IteratorResult<Completed<Future<string>>, undefined>
    >();
    expectTypeOf<Completed<Promise<string> | number>["value"]>().toEqualTypeOf<string | number | undefined>();
    const look = ({ status, value, error: thrown }: Completed<Future<string>>): void => {
      if (status === "done") expectTypeOf(value).toEqualTypeOf<string>();
      else expectTypeOf(thrown).toEqualTypeOf<unknown>();
    };
    expect(look).toBeTypeOf("function");
  });
});

function openSettled<T>(value: T): Future<T> {
  const { item, resolve } = openFuture<T>();
  resolve(value);
  return item;
}
