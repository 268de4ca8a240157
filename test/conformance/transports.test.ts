import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CounterWorker } from "#fixtures/counter.js";
import { same } from "../wire/codec/same.js";
import { sharedPool } from "./shared-pool.js";

class Plain {
  x = 1;
  y = "two";
}

/** Values of all kinds, with objects that occur more than once, and some that cannot be sent. */
const anything = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4, depthIdentifier: "deep" }, tie("leaf"), tie("list"), tie("record"), tie("other")),
  leaf: fc.oneof(
    fc.integer(),
    fc.double(),
    fc.bigInt(),
    fc.string({ unit: "binary" }),
    fc.string({ minLength: 30, maxLength: 300 }),
    fc.constantFrom(undefined, null, true, false, -0, "\ud800", "größer", ""),
    fc.integer({ min: -1000, max: 1000 }).map((time) => new Date(time)),
    fc.uint8Array({ maxLength: 20 }),
    fc.float64Array({ maxLength: 5 }),
    fc.constant(0).map(() => new Plain()),
    fc.string().map((text) => new RangeError(text)),
    fc.constant(0).map(() => /a+b/giu),
    fc.constantFrom(() => {}, Symbol("never")),
  ),
  list: fc.oneof(
    fc.array(tie("value"), { maxLength: 6 }),
    fc.array(tie("value"), { minLength: 1, maxLength: 4 }).map((list) => [list[0], ...list]),
    fc.array(tie("leaf"), { maxLength: 4 }).map((list) => {
      const circle: unknown[] = [...list];
      circle.push(circle);
      return circle;
    }),
    fc.constant(0).map(() => [1, , 3]), // oxlint-disable-line no-sparse-arrays -- holes are values too
  ),
  record: fc.oneof(
    fc.dictionary(fc.oneof(fc.constantFrom("id", "name", "0", "__proto__", "then x"), fc.string()), tie("value"), {
      maxKeys: 6,
    }),
    fc.record({ id: fc.nat(), name: fc.string(), tags: fc.array(fc.string(), { maxLength: 3 }), n: fc.double() }),
  ),
  other: fc.oneof(
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 4 }).map((pairs) => new Map(pairs)),
    fc.array(tie("value"), { maxLength: 4 }).map((list) => new Set(list)),
  ),
})).value;

describe.each(["thread", "process"] as const)("transports in mode %s", (mode) => {
  const fast = sharedPool(() => CounterWorker.options({ mode, maxWorkers: 1 }).init());
  const plain = sharedPool(() => CounterWorker.options({ mode, maxWorkers: 1, transport: "port" }).init());

  it("carry any value alike, or refuse it alike", async () => {
    const kinds = { carried: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { maxLength: 8 }), async (values) => {
        const outcomes = await Promise.all(
          values.map(async (value) =>
            Promise.all([outcome(fast().echo(value)), outcome(plain().echo(value))] as const),
          ),
        );
        for (const [left, right] of outcomes) {
          expect(left.error).toBe(right.error);
          expect(same(left.value, right.value), "what came back is the same").toBe(true);
          kinds[left.error === undefined ? "carried" : "refused"] += 1;
        }
      }),
      { numRuns: 150 },
    );
    expect(kinds.carried).toBeGreaterThan(100);
    expect(kinds.refused).toBeGreaterThan(10);
  });

  it("let a worker run as many calls as it may, however large they are", async () => {
    const options = { mode, maxWorkers: 1, concurrency: 20 } as const;
    await using pool = CounterWorker.options(options).init();
    await pool.ready();
    const sleep = pool.sleep as (ms: number, large: string) => PromiseLike<number>;
    const large = "x".repeat(50_000);
    // The first ones tell how large calls are.
    for (let call = 0; call < 20; call += 1) void sleep(1, large);
    await pool.drain();
    const calls = Array.from({ length: 20 }, () => sleep(200, large));
    await expect.poll(() => pool.stats().calls.running, { interval: 5, timeout: 180 }).toBe(20);
    await Promise.all(calls);
  });

  it("take an argument as it is when the call is handed to a worker, which is at once where one has room", async () => {
    for (const pool of [fast(), plain()]) {
      await pool.echo("ready");
      const object = { value: 1 };
      const first = pool.echo(object);
      object.value = 2;
      expect([await first, await pool.echo(object)]).toEqual([{ value: 1 }, { value: 2 }]);
    }
  });

  it("take a result as it is when the method returns", async () => {
    for (const pool of [fast(), plain()]) {
      // Calls that follow each other in one turn return the same object, changed.
      const results = await Promise.all(Array.from({ length: 20 }, () => pool.sameObject()));
      const first = results[0]!.value;
      expect(results.map(({ value }) => value)).toEqual(results.map((_, index) => first + index));
    }
  });
});

async function outcome(future: PromiseLike<unknown>): Promise<{ value?: unknown; error?: string }> {
  try {
    return { value: await future };
  } catch (error) {
    return { error: `${(error as Error).name}: ${(error as Error).message}` };
  }
}
