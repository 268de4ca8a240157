import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { excess, largestAmount, type RateOptions, resolveRate } from "../../dist/limits/rate.js";
import { rateAlgorithm } from "../../dist/limits/rate-algorithm.js";

const MINUTE = 60_000;
const BUCKETS = ["token-bucket", "leaky-bucket", "gcra"] as const;
const WINDOWS = ["sliding-window", "fixed-window"] as const;

/** Options as code without types may give them. */
function resolveLoose(options: Record<string, unknown>): unknown {
  return resolveRate({ capacity: 10, window: 1000, ...options } as RateOptions);
}

describe("resolveRate", () => {
  it.each(WINDOWS)("lets a %s give its capacity at once, and adds the guard to the window", (algorithm) => {
    expect(resolveRate({ capacity: 100, window: 1000, algorithm })).toEqual({
      capacity: 100,
      window: 1000,
      burst: 100,
      perMs: 100 / 1003,
      guard: 3,
      slack: 0,
    });
  });

  it("takes 'sliding-window' when no algorithm is named", () => {
    expect(resolveRate({ capacity: 7, window: 1000 })).toEqual(
      resolveRate({ capacity: 7, window: 1000, algorithm: "sliding-window" }),
    );
    expect(() => resolveLoose({ burst: 5 })).toThrow("'sliding-window'");
  });

  it.each([
    [100, 0.5],
    [400, 2],
    [1000, 3],
    [2000, 6],
    [MINUTE, 10],
  ])("guards a window of %d ms by %d ms", (window, guard) => {
    expect(resolveRate({ capacity: 1, window }).guard).toBe(guard);
  });

  it.each(BUCKETS)("lets a %s with a burst flow with the full capacity", (algorithm) => {
    const { burst, perMs } = resolveRate({ capacity: 100, window: 1000, algorithm, burst: 40 });
    expect([burst, perMs]).toEqual([40, 0.1]);
  });

  it.each([
    // 1 at once, then 100 in 1,005 ms.
    [100, 1, 100 / 1003],
    // 1 % at once, then 990,001 in 1,005 ms.
    [1_000_000, 10_000, 990_001 / 1003],
    // No more whole amounts than 2 fit.
    [2.5, 1, 2 / 1003],
    [0.25, 0.25, 0.25 / 1003],
  ])("makes a bucket of %d keep to it in any window", (capacity, burst, perMs) => {
    for (const algorithm of BUCKETS) {
      expect(resolveRate({ capacity, window: 1000, algorithm })).toMatchObject({ burst, perMs });
    }
  });

  it.each([
    ["capacity", 0, "must be above 0"],
    ["capacity", -1, "must be above 0"],
    ["capacity", Number.NaN, "must be above 0"],
    ["capacity", Number.POSITIVE_INFINITY, "must be finite"],
    ["capacity", "10", "must be above 0"],
    ["window", 0, "must be above 0"],
    ["window", Number.POSITIVE_INFINITY, "must be finite"],
    ["window", undefined, "must be above 0"],
    ["burst", 0, "must be above 0"],
    ["burst", Number.POSITIVE_INFINITY, "must be finite"],
    ["guard", -1, "must not be below 0"],
    ["guard", Number.NaN, "must not be below 0"],
    ["guard", Number.POSITIVE_INFINITY, "must be finite"],
  ])("refuses a '%s' of %s", (name, value, remedy) => {
    expect(() => resolveLoose({ algorithm: "gcra", [name]: value })).toThrow(
      new RangeError(`Cannot set '${name}' as it ${remedy}: current value is ${inspect(value)}`),
    );
  });

  it.each(WINDOWS)("refuses a burst for a %s", (algorithm) => {
    expect(() => resolveLoose({ algorithm, burst: 5 })).toThrow(
      new TypeError(`Cannot set 'burst' as algorithm '${algorithm}' has none: current value is 5`),
    );
  });

  it("refuses an algorithm that does not exist", () => {
    const refusal = new TypeError(
      "Cannot set 'algorithm' as it must be one of 'sliding-window', 'fixed-window', 'token-bucket', 'leaky-bucket', " +
        "'gcra': current value is 'leaky'",
    );
    expect(() => resolveLoose({ algorithm: "leaky" })).toThrow(refusal);
    expect(() => rateAlgorithm("leaky" as "gcra")).toThrow(refusal);
    expect(() => rateAlgorithm("toString" as "gcra")).toThrow(TypeError);
  });
});

describe("largestAmount", () => {
  it("is the capacity, or a burst above it", () => {
    expect(largestAmount(resolveRate({ capacity: 10, window: 1 }))).toBe(10);
    expect(largestAmount(resolveRate({ capacity: 10, window: 1, algorithm: "gcra" }))).toBe(10);
    expect(largestAmount(resolveRate({ capacity: 10, window: 1, algorithm: "gcra", burst: 15 }))).toBe(15);
  });
});

describe("excess", () => {
  it("overlooks the rounding of fractions that sum up to the capacity", () => {
    const rate = resolveRate({ capacity: 0.3, window: 1 });
    expect(0.1 + 0.1 + 0.1).toBeGreaterThan(0.3);
    expect(excess(rate, 0.1 + 0.1 + 0.1)).toBe(0);
    expect(excess(rate, 0.31)).toBeCloseTo(0.01);
  });

  it("is exact enough for whole amounts up to a million million", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e12 }), (capacity) => {
        const rate = resolveRate({ capacity, window: 1 });
        expect(excess(rate, capacity)).toBe(0);
        expect(excess(rate, capacity + 1)).toBeGreaterThan(0);
      }),
    );
  });
});
