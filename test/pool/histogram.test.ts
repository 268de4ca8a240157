import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Histogram } from "../../dist/pool/histogram.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const RELATIVE_ERROR = 0.0625;
/** The finest bucket. */
const MICROSECOND = 0.001;
const FRACTIONS = { p50: 0.5, p95: 0.95, p99: 0.99 } as const;

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** Compares each quantile with the value of that rank in the sorted list. */
function expectNear(values: readonly number[]): void {
  const percentiles = histogramOf(values).percentiles();
  const sorted = values.toSorted((a, b) => a - b);
  for (const [name, fraction] of Object.entries(FRACTIONS) as [keyof typeof FRACTIONS, number][]) {
    const exact = sorted[Math.ceil(values.length * fraction) - 1]!;
    const allowed = Math.max(exact * RELATIVE_ERROR, MICROSECOND);
    expect(Math.abs(percentiles[name] - exact), `${name} of ${values.length}, exactly ${exact}`).toBeLessThanOrEqual(
      allowed,
    );
  }
}

describe("Histogram", () => {
  it("tells nothing but zeros before anything is recorded", () => {
    expect(new Histogram().percentiles()).toEqual({ count: 0, mean: 0, p50: 0, p95: 0, p99: 0, max: 0 });
  });

  it("is off by at most 6.25 %, or 1 µs, from 1 µs to half an hour", () => {
    const exponent = fc.double({ min: -3, max: Math.log10(30 * MINUTE), noNaN: true });
    const ms = exponent.map((power) => 10 ** power);
    fc.assert(
      fc.property(fc.array(ms, { minLength: 1, maxLength: 300 }), (values) => expectNear(values)),
      { numRuns: 300 },
    );
  });

  it("is off by at most 6.25 % at each edge of its buckets", () => {
    for (let low = MICROSECOND; low < 5 * MINUTE; low *= 2) {
      for (let edge = low; edge < 2 * low; edge += low / 16) {
        // With a larger one behind them, so that the maximum does not cap, and so hide, the middle of the bucket.
        for (const ms of [edge - low / 1000, edge, edge + low / 1000]) expectNear([ms, ms, ms, ms * 3]);
      }
    }
  });

  it.each([HOUR, 5 * HOUR, 24 * HOUR, 25 * 24 * HOUR])("is off by at most 6.25 % for calls of %d ms", (ms) => {
    expectNear([ms, ms, ms]);
    // Not only as the maximum caps it.
    expectNear([ms, ms, ms * 2]);
  });

  it("counts, and tells mean and maximum exactly", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: HOUR, noNaN: true }), { minLength: 1, maxLength: 50 }),
        (values) => {
          const { count, mean, max } = histogramOf(values).percentiles();
          expect(count).toBe(values.length);
          expect(max).toBe(Math.max(...values));
          expect(mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 4);
        },
      ),
    );
  });

  it("never tells a quantile above the maximum, nor one below a lower one", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 100 }),
        (values) => {
          const { p50, p95, p99, max } = histogramOf(values).percentiles();
          expect(p50).toBeLessThanOrEqual(p95);
          expect(p95).toBeLessThanOrEqual(p99);
          expect(p99).toBeLessThanOrEqual(max);
        },
      ),
    );
  });

  it("counts a duration below zero, as of a clock that was set back, as none", () => {
    const { count, p50, max } = histogramOf([-5, -5, -5]).percentiles();
    expect([count, p50, max]).toEqual([3, 0, 0]);
  });
});
