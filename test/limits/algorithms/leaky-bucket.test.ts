import { describe, expect, it } from "vitest";
import { leakyBucket } from "../../../dist/limits/algorithms/leaky-bucket.js";
import { resolveRate } from "../../../dist/limits/rate.js";

/** 1 each 10 ms. */
const RATE = resolveRate({ capacity: 100, window: 1000, algorithm: "leaky-bucket", burst: 5 });

function fresh(): Float64Array {
  const state = new Float64Array(leakyBucket.size(RATE));
  leakyBucket.reset(state, RATE, 0);
  return state;
}

function wait(state: Float64Array, now: number, amount: number): number {
  return leakyBucket.wait(state, RATE, now, amount);
}

describe("leaky-bucket", () => {
  it("spaces what is taken by its size, from the first on", () => {
    const state = fresh();
    const times: number[] = [];
    let now = 0;
    for (const amount of [1, 1, 5, 1, 2, 1]) {
      now += wait(state, now, amount);
      times.push(Math.round(now));
      leakyBucket.take(state, RATE, now, amount);
    }
    expect(times).toEqual([0, 10, 20, 70, 80, 100]);
  });

  it("loses nothing to takes that come a little late, and gives no more for it", () => {
    const rate = resolveRate({ capacity: 200, window: 1000, algorithm: "leaky-bucket" });
    const state = new Float64Array(leakyBucket.size(rate));
    leakyBucket.reset(state, rate, 0);
    const late = rate.slack * 0.9;
    let now = 0;
    let taken = 0;
    while (now < 10_000) {
      leakyBucket.take(state, rate, now, 1);
      taken += 1;
      now += leakyBucket.wait(state, rate, now, 1) + late;
    }
    expect(late).toBeGreaterThan(1);
    expect(taken / 10).toBeGreaterThanOrEqual(rate.perMs * 1000 * 0.999);
    expect(taken / 10).toBeLessThanOrEqual(200);
  });

  it("does not save up: after a pause the next still waits for the one before", () => {
    const state = fresh();
    leakyBucket.take(state, RATE, 5000, 1);
    expect(wait(state, 5000, 1)).toBeCloseTo(10);
    expect(wait(state, 5004, 5)).toBeCloseTo(6);
  });

  it("lets more than the burst pass after a larger gap", () => {
    const state = fresh();
    leakyBucket.take(state, RATE, 0, 1);
    // 10 ms for the one before, 30 for the 3 above the burst; then 80 for its own.
    expect(wait(state, 0, 8)).toBeCloseTo(40);
    leakyBucket.take(state, RATE, 40, 8);
    expect(wait(state, 40, 1)).toBeCloseTo(80);
  });

  it("has nothing until the next may be taken, then the burst; below 0 in debt", () => {
    const state = fresh();
    expect(leakyBucket.available(state, RATE, 0)).toBe(5);
    leakyBucket.take(state, RATE, 0, 3);
    expect(leakyBucket.available(state, RATE, 0)).toBe(0);
    expect(leakyBucket.available(state, RATE, 29)).toBe(0);
    expect(leakyBucket.available(state, RATE, 30.1)).toBe(5);
    leakyBucket.take(state, RATE, 40, 12);
    expect(leakyBucket.available(state, RATE, 40)).toBeCloseTo(-7);
  });

  it("moves the next by what a take was settled to", () => {
    const state = fresh();
    leakyBucket.take(state, RATE, 0, 4);
    leakyBucket.settle(state, RATE, 5, 0, -2);
    expect(wait(state, 5, 1)).toBeCloseTo(15);
    leakyBucket.settle(state, RATE, 5, 0, 3);
    expect(wait(state, 5, 1)).toBeCloseTo(45);
  });
});
