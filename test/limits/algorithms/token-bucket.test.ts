import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gcra } from "../../../dist/limits/algorithms/gcra.js";
import { tokenBucket } from "../../../dist/limits/algorithms/token-bucket.js";
import { resolveRate } from "../../../dist/limits/rate.js";
import type { RateAlgorithm } from "../../../dist/limits/rate-algorithm.js";

describe("token-bucket", () => {
  it("gives the burst at once, then as much as flows in", () => {
    const rate = resolveRate({ capacity: 60, window: 60_000, algorithm: "token-bucket", burst: 5 });
    const state = new Float64Array(tokenBucket.size(rate));
    tokenBucket.reset(state, rate, 0);
    expect(tokenBucket.available(state, rate, 0)).toBe(5);
    tokenBucket.take(state, rate, 0, 5);
    expect(tokenBucket.wait(state, rate, 0, 1)).toBeCloseTo(1000);
    expect(tokenBucket.available(state, rate, 2500)).toBeCloseTo(2.5);
    tokenBucket.take(state, rate, 2500, 4);
    expect(tokenBucket.available(state, rate, 2500)).toBeCloseTo(-1.5);
    tokenBucket.settle(state, rate, 2500, 2500, -1);
    expect(tokenBucket.available(state, rate, 2500)).toBeCloseTo(-0.5);
    tokenBucket.cap(state, rate, 2500, -3);
    expect(tokenBucket.available(state, rate, 2500)).toBeCloseTo(-3);
    expect(tokenBucket.available(state, rate, 60_000)).toBe(5);
  });

  interface Bucket {
    readonly algorithm: RateAlgorithm;
    readonly state: Float64Array;
  }

  type Step =
    | { readonly kind: "take"; readonly amount: number }
    | { readonly kind: "settle"; readonly which: number; readonly difference: number }
    | { readonly kind: "cap"; readonly remaining: number };

  const amount = fc.double({ min: 0.01, max: 20, noNaN: true });
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("take" as const), amount }) },
    fc.record({
      kind: fc.constant("settle" as const),
      which: fc.nat(20),
      difference: fc.double({ min: -20, max: 20, noNaN: true }),
    }),
    fc.record({ kind: fc.constant("cap" as const), remaining: fc.double({ min: -10, max: 40, noNaN: true }) }),
  );
  // From a grid, as a difference of rounding could decide which of two takes comes first.
  const after = fc.nat(400).map((quarters) => quarters / 4);

  it("behaves as gcra does", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(after, step), { maxLength: 60, size: "max" }),
        fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
        amount,
        (steps, burst, next) => {
          const rate = resolveRate({ capacity: 40, window: 500, algorithm: "gcra", burst });
          const times: number[] = [];
          let now = -100;
          const [tokens, cells] = [tokenBucket, gcra].map((algorithm: RateAlgorithm) => {
            const state = new Float64Array(algorithm.size(rate));
            algorithm.reset(state, rate, now);
            return { algorithm, state };
          }) as [Bucket, Bucket];
          for (const [pause, current] of steps) {
            now += pause;
            if (current.kind === "take") times.push(now);
            for (const { algorithm, state } of [tokens, cells]) {
              if (current.kind === "take") algorithm.take(state, rate, now, current.amount);
              else if (current.kind === "cap") algorithm.cap(state, rate, now, current.remaining);
              else {
                const takenAt = times[current.which % times.length] ?? now;
                algorithm.settle(state, rate, now, takenAt, current.difference);
              }
            }
            const [ours, theirs] = [tokens, cells].map(({ algorithm, state }) => [
              algorithm.available(state, rate, now),
              algorithm.wait(state, rate, now, next),
              algorithm.wait(state, rate, now, rate.capacity),
            ]) as [number[], number[]];
            for (const [at, value] of ours.entries()) expect(value).toBeCloseTo(theirs[at]!, 5);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it("keeps its flow also where a token comes in less than the clock resolves", () => {
    // 10,000 in each ms, by the time since 1970, which a float holds to a quarter of a microsecond.
    const rate = resolveRate({ capacity: 1e7, window: 1000, algorithm: "token-bucket", burst: 1e5 });
    const origin = 1.8e12;
    const state = new Float64Array(tokenBucket.size(rate));
    tokenBucket.reset(state, rate, origin);
    let taken = 0;
    for (let now = origin; now < origin + 100; now += 1) {
      while (tokenBucket.wait(state, rate, now, 100) === 0) {
        tokenBucket.take(state, rate, now, 100);
        taken += 100;
      }
    }
    expect(taken).toBe(1e5 + 99 * 1e4);
  });
});
