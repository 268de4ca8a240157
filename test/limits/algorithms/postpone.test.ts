import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { slidingWindow } from "../../../dist/limits/algorithms/sliding-window.js";
import { type Rate, resolveRate } from "../../../dist/limits/rate.js";

function fresh(rate: Rate): Float64Array {
  const state = new Float64Array(slidingWindow.size(rate));
  slidingWindow.reset(state, rate, 0);
  return state;
}

/** Takes that began later than they were granted, as those of workers elsewhere. */
const takes = fc.array(
  fc.record({
    gap: fc.double({ min: 0, max: 12, noNaN: true }),
    delay: fc.double({ min: 0, max: 30, noNaN: true }),
    amount: fc.integer({ min: 1, max: 3 }),
  }),
  { minLength: 1, maxLength: 200, size: "max" },
);

interface Start {
  readonly takenAt: number;
  readonly at: number;
  readonly amount: number;
}

/** Takes what it can, and tells of each start when it has come. */
function run(rate: Rate, steps: readonly { gap: number; delay: number; amount: number }[]): Start[] {
  const state = fresh(rate);
  const starts: Start[] = [];
  let pending: Start[] = [];
  let now = 0;
  for (const { gap, delay, amount } of steps) {
    now += gap;
    const due = pending.filter(({ at }) => at <= now).toSorted((a, b) => a.at - b.at);
    pending = pending.filter(({ at }) => at > now);
    for (const { takenAt, at, amount: began } of due) slidingWindow.postpone!(state, rate, takenAt, at, began);
    if (slidingWindow.wait(state, rate, now, amount) > 0) continue;
    slidingWindow.take(state, rate, now, amount);
    const start = { takenAt: now, at: now + delay, amount };
    starts.push(start);
    pending.push(start);
  }
  return starts;
}

describe("postpone of a sliding window", () => {
  it("counts each take from when it began, so that no window of starts sees more", () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 60 }), takes, (capacity, steps) => {
        // All starts are told before the next take, so the bound holds exactly: delays come in order.
        const rate = resolveRate({ capacity, window: 200, guard: 0 });
        const state = fresh(rate);
        const starts: { at: number; amount: number }[] = [];
        let now = 0;
        for (const { gap, delay, amount } of steps) {
          now += gap;
          if (slidingWindow.wait(state, rate, now, amount) > 0) continue;
          const takenAt = now;
          slidingWindow.take(state, rate, takenAt, amount);
          now += delay;
          slidingWindow.postpone!(state, rate, takenAt, now, amount);
          starts.push({ at: now, amount });
          const inWindow = starts.filter(({ at }) => at > now - 200).reduce((sum, one) => sum + one.amount, 0);
          expect(inWindow).toBeLessThanOrEqual(capacity);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("moves nobody else's, so that starts that overlap without end do not keep each other in the window", () => {
    fc.assert(
      fc.property(takes, (steps) => {
        // Less is asked for in any window, with every delay, than may be taken: all must pass.
        const asked = (from: number, times: readonly number[]): number =>
          times.reduce((sum, time, index) => (time > from - 230 && time <= from ? sum + steps[index]!.amount : sum), 0);
        const times = steps.reduce<number[]>((all, { gap }) => [...all, (all.at(-1) ?? 0) + gap], []);
        const most = Math.max(...times.map((time) => asked(time, times)));
        const rate = resolveRate({ capacity: most + 3, window: 200, guard: 0 });
        expect(run(rate, steps).length).toBe(steps.length);
      }),
      { numRuns: 200 },
    );
  });

  it("keeps what can be taken and given back in all the same", () => {
    fc.assert(
      fc.property(takes, (steps) => {
        const rate = resolveRate({ capacity: 1000, window: 1e6, guard: 0 });
        const state = fresh(rate);
        let now = 0;
        let sum = 0;
        const all: Start[] = [];
        for (const { gap, delay, amount } of steps) {
          now += gap;
          slidingWindow.take(state, rate, now, amount);
          all.push({ takenAt: now, at: now + delay, amount });
          sum += amount;
        }
        now += 30;
        for (const { takenAt, at, amount } of all.toSorted((a, b) => a.at - b.at)) {
          slidingWindow.postpone!(state, rate, takenAt, at, amount);
        }
        expect(slidingWindow.available(state, rate, now)).toBe(1000 - sum);
        for (const { takenAt, amount } of all) slidingWindow.settle(state, rate, now, takenAt, -amount);
        expect(slidingWindow.available(state, rate, now)).toBe(1000);
      }),
      { numRuns: 100 },
    );
  });
});
