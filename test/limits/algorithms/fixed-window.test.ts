import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fixedWindow } from "../../../dist/limits/algorithms/fixed-window.js";
import { resolveRate } from "../../../dist/limits/rate.js";

/** 10 in windows of 100 ms. */
const RATE = resolveRate({ capacity: 10, window: 100, algorithm: "fixed-window", guard: 0 });

function fresh(): Float64Array {
  const state = new Float64Array(fixedWindow.size(RATE));
  fixedWindow.reset(state, RATE, 0);
  return state;
}

function available(state: Float64Array, now: number): number {
  return fixedWindow.available(state, RATE, now);
}

function wait(state: Float64Array, now: number, amount: number): number {
  return fixedWindow.wait(state, RATE, now, amount);
}

describe("fixed-window", () => {
  it("gives its capacity in a window, which starts with the first take", () => {
    const state = fresh();
    fixedWindow.take(state, RATE, 30, 4);
    expect(available(state, 30)).toBe(6);
    expect(wait(state, 50, 6)).toBe(0);
    expect(wait(state, 50, 7)).toBe(80);
    expect(available(state, 129)).toBe(6);
    expect(available(state, 130)).toBe(10);
    // The next window does not start before something is taken.
    fixedWindow.take(state, RATE, 290, 10);
    expect(wait(state, 290, 1)).toBe(100);
  });

  it("ends a window later by the guard", () => {
    const rate = resolveRate({ capacity: 10, window: 100, algorithm: "fixed-window", guard: 3 });
    const state = fresh();
    fixedWindow.take(state, rate, 0, 10);
    expect(fixedWindow.wait(state, rate, 0, 1)).toBe(103);
  });

  it("carries debt into the windows that follow, each of which takes up to its capacity of it", () => {
    const state = fresh();
    fixedWindow.take(state, RATE, 0, 27);
    expect(available(state, 0)).toBe(-17);
    expect(available(state, 100)).toBe(-7);
    expect(available(state, 200)).toBe(3);
    expect(wait(state, 0, 3)).toBe(200);
    expect(wait(state, 150, 4)).toBe(150);
    fixedWindow.take(state, RATE, 250, 3);
    // The third window started without a gap, at 200.
    expect(wait(state, 250, 1)).toBe(50);
    expect(available(state, 300)).toBe(10);
  });

  it("gives back of debt also what the windows after are still to bear", () => {
    const state = fresh();
    fixedWindow.take(state, RATE, 0, 10);
    fixedWindow.take(state, RATE, 5, 8);
    expect(available(state, 120)).toBe(2);
    fixedWindow.settle(state, RATE, 120, 5, -6);
    expect(available(state, 120)).toBe(8);
    // What the first window bore is gone.
    fixedWindow.settle(state, RATE, 120, 0, -10);
    expect(available(state, 120)).toBe(10);
    fixedWindow.take(state, RATE, 130, 10);
    fixedWindow.settle(state, RATE, 140, 5, -2);
    expect(available(state, 140)).toBe(0);
  });

  it("settles takes of the present window, and charges those of earlier ones to the present", () => {
    const state = fresh();
    fixedWindow.take(state, RATE, 0, 6);
    fixedWindow.settle(state, RATE, 10, 0, -5);
    expect(available(state, 10)).toBe(9);
    fixedWindow.settle(state, RATE, 10, 0, 3);
    expect(available(state, 10)).toBe(6);
    fixedWindow.take(state, RATE, 110, 5);
    fixedWindow.settle(state, RATE, 120, 0, -4);
    expect(available(state, 120)).toBe(5);
    fixedWindow.settle(state, RATE, 120, 0, 2);
    expect(available(state, 120)).toBe(3);
    // When there is no window, one starts with the charge.
    fixedWindow.settle(state, RATE, 500, 110, 2);
    expect(wait(state, 500, 9)).toBe(100);
  });

  it("is capped for the rest of the window, or for one from now on", () => {
    const state = fresh();
    fixedWindow.cap(state, RATE, 50, 10);
    fixedWindow.cap(state, RATE, 60, 2);
    expect(available(state, 60)).toBe(2);
    fixedWindow.cap(state, RATE, 70, 5);
    expect(available(state, 70)).toBe(2);
    expect(wait(state, 70, 3)).toBe(90);
  });

  it("makes fractions that sum up to the capacity wait for one window, not two", () => {
    const rate = resolveRate({ capacity: 0.3, window: 100, algorithm: "fixed-window", guard: 0 });
    const state = fresh();
    for (let take = 0; take < 3; take += 1) {
      expect(fixedWindow.wait(state, rate, 0, 0.1)).toBe(0);
      fixedWindow.take(state, rate, 0, 0.1);
    }
    expect(fixedWindow.wait(state, rate, 0, 0.3)).toBe(100);
    expect(fixedWindow.wait(state, rate, 100, 0.3)).toBe(0);
  });

  it("never gives more than its capacity between the start of a window and its end", () => {
    const take = fc.record({
      after: fc.double({ min: 0, max: 60, noNaN: true }),
      amount: fc.integer({ min: 1, max: 10 }),
    });
    fc.assert(
      fc.property(fc.array(take, { maxLength: 60, size: "max" }), (takes) => {
        const state = fresh();
        let [now, start, sum] = [0, Number.NEGATIVE_INFINITY, 0];
        for (const { after, amount } of takes) {
          now += after;
          if (wait(state, now, amount) > 0) continue;
          fixedWindow.take(state, RATE, now, amount);
          if (now >= start + 100) [start, sum] = [now, 0];
          sum += amount;
          expect(sum).toBeLessThanOrEqual(10);
          expect(available(state, now)).toBe(10 - sum);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("does not let rounding say that nothing is to be waited for while the window still lasts", () => {
    const start = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(start, fc.double({ min: 1, max: 1000, noNaN: true }), fc.nat(3), (at, window, debt) => {
        const rate = resolveRate({ capacity: 1, window, algorithm: "fixed-window" });
        const state = fresh();
        fixedWindow.take(state, rate, at, 1 + debt);
        const end = at + (debt + 1) * (window + rate.guard);
        for (const now of [end - 1e-9, end, end + 1e-9, at + fixedWindow.wait(state, rate, at, 1)]) {
          expect(fixedWindow.wait(state, rate, now, 1) > 0).toBe(fixedWindow.available(state, rate, now) < 1);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
