import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  boundOf,
  TestedLimit,
  NAMES,
  optionsOf,
  origin,
  RESOLUTION,
  share,
  steps,
  takeStep,
} from "./algorithms/tested-limit.js";

describe.each(NAMES)("%s", (name) => {
  const limits = fc
    .tuple(optionsOf(name), origin)
    .map(([options, now]) => ({ options, limit: () => new TestedLimit(options, now) }));

  it("never lets a window see more than its bound, by what is known when a take is let pass", () => {
    fc.assert(
      fc.property(limits, steps, ({ options, limit }, run) => {
        const tested = limit();
        for (const current of run) {
          if (tested.run(current)) expect(tested.inWindow()).toBeLessThanOrEqual(boundOf(options));
        }
      }),
      { numRuns: 400 },
    );
  });

  it("tells exactly how long to wait", () => {
    fc.assert(
      fc.property(limits, steps, share, ({ limit }, run, part) => {
        const tested = limit();
        for (const current of run) tested.run(current);
        const amount = tested.amount(part);
        const wait = tested.wait(amount);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(tested.wait(amount, tested.now + wait + RESOLUTION)).toBe(0);
        if (wait > 1e-3) expect(tested.wait(amount, tested.now + wait - 1e-3)).toBeGreaterThan(0);
      }),
      { numRuns: 150 },
    );
  });

  it("has what is available at once, and not more", () => {
    fc.assert(
      fc.property(limits, steps, ({ limit }, run) => {
        const tested = limit();
        for (const current of run) tested.run(current);
        const { available, rate } = tested;
        expect(available).toBeLessThanOrEqual(rate.burst);
        if (available > 0.01) expect(tested.wait(Math.min(available, rate.burst) - RESOLUTION)).toBe(0);
        if (available < rate.burst) expect(tested.wait(Math.max(0, available) + RESOLUTION)).toBeGreaterThan(0);
      }),
      { numRuns: 150 },
    );
  });

  it("has, when a take is settled for less, what it would have had after that lesser take", () => {
    const until = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 0.99, noNaN: true }));
    fc.assert(
      fc.property(limits, steps, share, share, until, ({ limit }, run, before, part, rest) => {
        const [tested, lesser] = [limit(), limit()];
        for (const current of run) {
          tested.run(current);
          lesser.run(current);
        }
        const amount = tested.amount(before);
        const settled = Math.floor(part * amount);
        const taken = tested.take(amount);
        lesser.take(settled);
        const start = name === "fixed-window" ? tested.state[0]! : tested.now;
        tested.now = Math.max(tested.now, start + rest * tested.rate.window);
        lesser.now = tested.now;
        tested.settle(taken, settled - amount);
        // Not at the very instant, lest rounding decides.
        tested.now += RESOLUTION;
        lesser.now += RESOLUTION;
        expect(tested.available).toBeCloseTo(lesser.available, 6);
        expect(tested.wait(amount)).toBeCloseTo(lesser.wait(amount), 5);
      }),
      { numRuns: 150 },
    );
  });

  it("has no more than a cap says, and no more than before it", () => {
    fc.assert(
      fc.property(limits, steps, fc.double({ min: -2, max: 2, noNaN: true }), ({ limit }, run, part) => {
        const tested = limit();
        for (const current of run) tested.run(current);
        const before = tested.available;
        const remaining = part * tested.rate.capacity;
        tested.cap(remaining);
        expect(tested.available).toBeLessThanOrEqual(Math.min(before, remaining) + RESOLUTION);
        // Nor less than it must, but that a queue has nothing to give until all has flowed out.
        if (name === "leaky-bucket" && remaining > 0) return;
        expect(tested.available).toBeGreaterThanOrEqual(Math.min(before, remaining) - RESOLUTION);
      }),
      { numRuns: 150 },
    );
  });

  it("loses nothing when all is taken as soon as it can be", () => {
    for (const options of [
      { capacity: 1, window: 100 },
      { capacity: 100, window: 1000 },
      { capacity: 10_000, window: 60_000 },
    ]) {
      const limit = new TestedLimit({ ...options, algorithm: name }, 12.5);
      const { burst, perMs, window, guard } = limit.rate;
      const end = limit.now + 50 * (window + guard);
      const amount = Math.max(1, Math.floor(burst / 10));
      let sum = 0;
      for (;;) {
        limit.now += limit.wait(amount);
        if (limit.now >= end) break;
        limit.algorithm.take(limit.state, limit.rate, limit.now, amount);
        sum += amount;
      }
      expect(sum / (50 * (window + guard) * perMs)).toBeGreaterThan(0.99);
      // What is there at the start comes on top.
      expect(sum).toBeLessThanOrEqual(50 * (window + guard) * perMs + burst + RESOLUTION);
    }
  });

  it("answers Infinity for what never fits, and takes what just fits", () => {
    const limit = new TestedLimit({ capacity: 10, window: 1000, algorithm: name }, -5);
    expect(limit.wait(10)).toBe(0);
    expect(limit.wait(10.01)).toBe(Number.POSITIVE_INFINITY);
  });

  it("keeps no trace of what was before a reset", () => {
    fc.assert(
      fc.property(limits, steps, ({ limit }, run) => {
        const tested = limit();
        for (const current of run) tested.run(current);
        tested.algorithm.reset(tested.state, tested.rate, tested.now);
        expect(tested.available).toBe(tested.rate.burst);
        expect(tested.wait(tested.rate.capacity)).toBe(0);
        // A take of before is settled, after all.
        const old = tested.taken.at(-1) ?? { at: tested.now - 1, settled: 1 };
        tested.settle(old, -old.settled);
        expect(tested.available).toBe(tested.rate.burst);
      }),
      { numRuns: 100 },
    );
  });

  it("takes the time of another thread that is a little behind", () => {
    fc.assert(
      fc.property(
        limits,
        fc.array(fc.tuple(takeStep, fc.double({ min: -0.01, max: 0.02, noNaN: true })), { maxLength: 80 }),
        ({ options, limit }, run) => {
          const tested = limit();
          let latest = tested.now;
          for (const [current, shift] of run) {
            tested.now = latest + shift * tested.rate.window;
            const isTaken = tested.run(current);
            latest = Math.max(latest, tested.now);
            if (isTaken && tested.now === latest) expect(tested.inWindow()).toBeLessThanOrEqual(boundOf(options));
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
