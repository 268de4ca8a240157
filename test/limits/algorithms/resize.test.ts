/** What all algorithms keep to when the capacity or the window changes while they are in use. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundOf, NAMES, optionsOf, origin, RESOLUTION, share, type Step, step, TestedLimit } from "./tested-limit.js";

type Run = readonly (Step | { readonly kind: "resize"; readonly capacity: number })[];

const resizeStep = fc.record({ kind: fc.constant("resize" as const), capacity: fc.integer({ min: 1, max: 120 }) });
const steps: fc.Arbitrary<Run> = fc.array(
  fc.oneof({ weight: 6, arbitrary: step }, { weight: 1, arbitrary: resizeStep }),
  { maxLength: 80, size: "max" },
);

/** Makes the step; whether something was taken without a wait. */
function runStep(tested: TestedLimit, current: Run[number]): boolean {
  if (current.kind !== "resize") return tested.run(current);
  tested.resize({ capacity: current.capacity });
  return false;
}

describe.each(NAMES)("%s, resized", (name) => {
  const limits = fc
    .tuple(optionsOf(name), origin)
    .map(([options, now]) => ({ options, limit: () => new TestedLimit(options, now) }));

  it("lets no window see more than the largest capacity there was in it", () => {
    fc.assert(
      fc.property(limits, steps, ({ limit }, run) => {
        const tested = limit();
        for (const current of run) {
          if (!runStep(tested, current)) continue;
          const from = tested.now - tested.rate.window;
          const held = tested.former.filter(({ until }) => until > from).map(({ options }) => boundOf(options));
          expect(tested.inWindow()).toBeLessThanOrEqual(Math.max(boundOf(tested.options), ...held));
        }
      }),
      { numRuns: 120 },
    );
  });

  it("tells exactly how long to wait, and has what is available", () => {
    fc.assert(
      fc.property(limits, steps, share, ({ limit }, run, part) => {
        const tested = limit();
        for (const current of run) runStep(tested, current);
        const amount = tested.amount(part);
        const wait = tested.wait(amount);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(tested.wait(amount, tested.now + wait + RESOLUTION)).toBe(0);
        if (wait > 1e-3) expect(tested.wait(amount, tested.now + wait - 1e-3)).toBeGreaterThan(0);
        expect(tested.available).toBeLessThanOrEqual(tested.rate.burst);
      }),
      { numRuns: 50 },
    );
  });

  it("has, when a take of before is settled for less, what it would have had after that lesser take", () => {
    const capacity = fc.integer({ min: 1, max: 120 });
    // Not within the guard of a window, in which what is given back may come a moment later.
    const until = fc.oneof(fc.constant(0), fc.double({ min: 0.05, max: 0.45, noNaN: true }));
    const resized = fc.record({ capacity, before: until, after: until });
    fc.assert(
      fc.property(limits, steps, share, share, resized, ({ limit }, run, before, part, change) => {
        const [tested, lesser] = [limit(), limit()];
        for (const current of run) {
          runStep(tested, current);
          runStep(lesser, current);
        }
        const amount = tested.amount(before);
        const settled = Math.floor(part * amount);
        const taken = tested.take(amount);
        lesser.take(settled);
        // The one who took it takes it back within its window.
        const start = name === "fixed-window" ? tested.state[0]! : tested.now;
        const { window } = tested.rate;
        for (const limited of [tested, lesser]) {
          limited.now = Math.max(limited.now, start + change.before * window);
          limited.resize({ capacity: change.capacity });
          limited.now += change.after * window;
        }
        tested.settle(taken, settled - amount);
        tested.now += RESOLUTION;
        lesser.now += RESOLUTION;
        expect(tested.available).toBeCloseTo(lesser.available, 6);
      }),
      { numRuns: 60 },
    );
  });

  it("has no more, when a take of before the last one is given back, than if it had never been made", () => {
    const pause = fc.double({ min: 0, max: 0.3, noNaN: true });
    const times = fc.record({
      capacity: fc.integer({ min: 1, max: 120 }),
      before: pause,
      between: pause,
      after: pause,
    });
    fc.assert(
      fc.property(limits, share, share, times, ({ limit }, first, second, change) => {
        const [tested, never] = [limit(), limit()];
        const { window } = tested.rate;
        const amount = tested.amount(first);
        const taken = tested.take(amount);
        for (const limited of [tested, never]) {
          limited.now += change.before * window;
          limited.take(limited.amount(second));
          limited.now += change.between * window;
          limited.resize({ capacity: change.capacity });
          limited.now += change.after * window;
        }
        tested.settle(taken, -amount);
        expect(tested.available).toBeLessThanOrEqual(never.available + RESOLUTION);
        // Its first take began the window, which so ends earlier.
        if (name !== "fixed-window") expect(tested.wait(1)).toBeGreaterThanOrEqual(never.wait(1) - RESOLUTION);
      }),
      { numRuns: 150 },
    );
  });

  it("gives what the new rate says, all the time and once a window has passed", () => {
    for (const [from, to] of [
      [10, 5000],
      [5000, 40],
      [100, 101],
    ] as const) {
      const limit = new TestedLimit({ capacity: from, window: 1000, algorithm: name }, 12.5);
      for (let index = 0; index < 5; index += 1) {
        limit.now += limit.wait(1);
        limit.take(1);
      }
      limit.resize({ capacity: to, window: 2000 });
      const { burst, perMs, window, guard } = limit.rate;
      limit.now += window + guard;
      const end = limit.now + 20 * (window + guard);
      let sum = 0;
      for (;;) {
        limit.now += limit.wait(1);
        if (limit.now >= end) break;
        limit.algorithm.take(limit.state, limit.rate, limit.now, 1);
        sum += 1;
      }
      expect(sum / (20 * (window + guard) * perMs)).toBeGreaterThan(0.99);
      expect(sum).toBeLessThanOrEqual(20 * (window + guard) * perMs + burst + RESOLUTION);
    }
  });
});

it("ends the windows of before by the former capacity", () => {
  const limit = new TestedLimit({ capacity: 100, window: 1000, guard: 0, algorithm: "fixed-window" }, 0);
  limit.take(350);
  limit.now = 1500;
  limit.resize({ capacity: 400, window: 700 });
  // A window has paid 100 of it; the next began at 1,000.
  expect(limit.available).toBe(150);
  limit.now = 1700;
  expect(limit.available).toBe(400);
});

it("keeps a debt as the amount it was", () => {
  for (const name of NAMES) {
    const limit = new TestedLimit({ capacity: 100, window: 1000, guard: 0, algorithm: name }, 0);
    limit.take(100);
    limit.take(50);
    const owed = limit.rate.burst - limit.available;
    limit.resize({ capacity: 400 });
    if (name === "leaky-bucket") expect(limit.wait(1)).toBeCloseTo(owed / limit.rate.perMs, 6);
    else expect(limit.rate.burst - limit.available).toBeCloseTo(owed, 6);
  }
});
