import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffDelay, BACKOFFS, type BackoffSettings, type RetryContext } from "../../dist/retry/backoff.js";

const context: RetryContext = { error: new Error("no luck"), attempt: 1, elapsed: 5, method: "run", args: [] };

const ms = fc.double({ min: 0, max: 0x7fff_ffff, noNaN: true });
const attempt = fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 1e9 }));
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const settings: fc.Arbitrary<BackoffSettings> = fc.record({
  backoff: fc.constantFrom(...BACKOFFS),
  wait: ms,
  maxWait: ms,
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
});

function delays(given: Partial<BackoffSettings>, attempts: number, random = (): number => 0.5): number[] {
  const all: BackoffSettings = { backoff: "exponential", wait: 100, maxWait: 1e9, jitter: 0, ...given };
  return Array.from({ length: attempts }, (_, index) => backoffDelay(all, index + 1, random, context));
}

describe("backoffDelay", () => {
  it.each([
    ["exponential", [100, 200, 400, 800, 1600, 3200, 6400]],
    ["linear", [100, 200, 300, 400, 500, 600, 700]],
    ["fibonacci", [100, 100, 200, 300, 500, 800, 1300]],
  ] as const)("grows %s", (backoff, expected) => {
    expect(delays({ backoff }, 7)).toEqual(expected);
  });

  it("sums up to what each growth sums up to", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 40 }), (wait, attempts) => {
        const sum = (backoff: (typeof BACKOFFS)[number], count = attempts): number =>
          delays({ backoff, wait, maxWait: Number.POSITIVE_INFINITY }, count).reduce((total, delay) => total + delay);
        expect(sum("exponential")).toBe(wait * (2 ** attempts - 1));
        expect(sum("linear")).toBe((wait * attempts * (attempts + 1)) / 2);
        // The sum of the first n Fibonacci numbers is the one two places on, less 1.
        const [last] = delays({ backoff: "fibonacci", wait }, attempts + 2).slice(-1);
        if (last! < 1e9) expect(sum("fibonacci")).toBe(last! - wait);
      }),
    );
  });

  it("stays within its bounds, whatever the settings", () => {
    fc.assert(
      fc.property(settings, attempt, chance, (given, n, drawn) => {
        const delay = backoffDelay(given, n, () => drawn, context);
        const without = backoffDelay({ ...given, jitter: 0 }, n, () => drawn, context);
        expect(without).toBeLessThanOrEqual(given.maxWait);
        expect(without).toBeGreaterThanOrEqual(Math.min(given.wait, given.maxWait));
        expect(delay).toBeLessThanOrEqual(without);
        // Less a rounding error.
        expect(delay).toBeGreaterThanOrEqual(without * (1 - given.jitter) * (1 - 1e-12));
      }),
      { numRuns: 1000 },
    );
  });

  it("never shrinks from one attempt to the next without jitter", () => {
    fc.assert(
      fc.property(settings, attempt, (given, n) => {
        const [one, other] = [n, n + 1].map((at) => backoffDelay({ ...given, jitter: 0 }, at, () => 0.5, context));
        expect(other).toBeGreaterThanOrEqual(one!);
      }),
      { numRuns: 500 },
    );
  });

  it.each(BACKOFFS)("waits for nothing at all when 'wait' is 0, however late the attempt (%s)", (backoff) => {
    expect(backoffDelay({ backoff, wait: 0, maxWait: 100, jitter: 0 }, 1e6, () => 0.5, context)).toBe(0);
  });

  it("caps before it adds jitter, so that capped waits are spread too", () => {
    expect(delays({ maxWait: 150, jitter: 1 }, 3, () => 0.5)).toEqual([50, 75, 75]);
    expect(delays({ maxWait: 150, jitter: 0.2 }, 3, () => 0.5)).toEqual([90, 135, 135]);
  });

  it("spreads the waits evenly from 0 to the cap with full jitter", () => {
    const CAP = 1000;
    const RUNS = 100_000;
    const counts = Array.from({ length: 10 }, () => 0);
    for (let run = 0; run < RUNS; run += 1) {
      const [, , delay] = delays({ wait: CAP, maxWait: CAP, jitter: 1 }, 3, Math.random);
      counts[Math.min(9, Math.floor((delay! / CAP) * 10))]! += 1;
    }
    // Six standard deviations: about 1 run of the test in 50 million is off by chance.
    const allowed = 6 * Math.sqrt(RUNS * 0.1 * 0.9);
    for (const count of counts) expect(Math.abs(count - RUNS / 10)).toBeLessThan(allowed);
  });

  it("passes a function the context, takes what it returns without jitter, and caps it", () => {
    const backoff = ({ attempt: n, elapsed }: RetryContext): number => 100 * n + elapsed;
    const given = { backoff, wait: 7, jitter: 1 };
    const at = { ...context, attempt: 3 };
    expect(backoffDelay({ ...given, maxWait: Number.POSITIVE_INFINITY }, 3, () => 0.5, at)).toBe(305);
    expect(backoffDelay({ ...given, maxWait: 250 }, 3, () => 0.5, at)).toBe(250);
  });

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY, "5", undefined])("refuses %o from a function", (value) => {
    const given = { backoff: () => value as number, wait: 1, maxWait: 100, jitter: 0 };
    expect(() => backoffDelay(given, 1, () => 0.5, context)).toThrow(
      new RangeError(
        `Cannot set 'backoff' as it must be a number of ms from 0 to 2147483647: current value is ${inspect(value)}`,
      ),
    );
  });
});
