import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RateEstimate } from "../../dist/progress/rate-estimate.js";

describe("the estimate of a rate", () => {
  it("is the rate, where that is constant, however often it is looked at", () => {
    const looks = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 1e6, noNaN: true }), looks, (rate, intervals) => {
        const estimate = new RateEstimate(5000, 7);
        let now = 5000;
        for (const interval of intervals) {
          now += interval;
          estimate.record(now, 7 + ((now - 5000) * rate) / 1000);
        }
        expect(estimate.perSecond(now) / rate).toBeCloseTo(1, 6);
      }),
    );
  });

  it("is 0 until something is done", () => {
    const estimate = new RateEstimate(0, 0);
    estimate.record(1000, 0);
    expect(estimate.perSecond(1000)).toBe(0);
    estimate.record(2000, 4);
    expect(estimate.perSecond(2000)).toBeCloseTo(2, 6);
  });

  it("follows a change: after a quarter of a minute nine tenths of it", () => {
    const estimate = new RateEstimate(0, 0);
    for (let second = 1; second <= 120; second += 1) estimate.record(second * 1000, second * 100);
    for (let second = 1; second <= 15; second += 1) estimate.record((120 + second) * 1000, 12_000 + second * 200);
    expect(estimate.perSecond(135_000)).toBeCloseTo(190, 0);
  });

  it("falls when nothing comes any more, and never below 0", () => {
    const estimate = new RateEstimate(0, 0);
    estimate.record(10_000, 1000);
    const rates = [10_000, 12_000, 25_000, 100_000, 1e7].map((now) => estimate.perSecond(now));
    expect(rates).toEqual(rates.toSorted((a, b) => b - a));
    expect(new Set(rates).size).toBe(rates.length);
    expect(rates.at(-1)).toBeGreaterThanOrEqual(0);
    expect(rates.at(-1)).toBeLessThan(0.01);
  });

  it("stands still between two things that are slow", () => {
    const estimate = new RateEstimate(0, 0);
    for (let item = 1; item <= 5; item += 1) estimate.record(item * 30_000, item);
    const between = [0, 10_000, 29_000].map((ms) => estimate.perSecond(150_000 + ms));
    for (const rate of between) expect(rate).toBeCloseTo(1 / 30, 6);
    expect(estimate.perSecond(150_000 + 90_000)).toBeLessThan(1 / 30);
  });

  it("begins anew when less is done than before", () => {
    const estimate = new RateEstimate(0, 0);
    estimate.record(1000, 1000);
    estimate.record(2000, 0);
    expect(estimate.perSecond(2000)).toBe(0);
    estimate.record(3000, 10);
    expect(estimate.perSecond(3000)).toBeCloseTo(10, 6);
  });
});
