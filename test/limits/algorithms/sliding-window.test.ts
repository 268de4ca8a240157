import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { slidingWindow } from "../../../dist/limits/algorithms/sliding-window.js";
import { type Rate, resolveRate } from "../../../dist/limits/rate.js";

/** 10 in any 100 ms. */
const RATE = resolveRate({ capacity: 10, window: 100, guard: 0 });

function fresh(rate: Rate): Float64Array {
  const state = new Float64Array(slidingWindow.size(rate));
  slidingWindow.reset(state, rate, 0);
  return state;
}

function available(state: Float64Array, now: number): number {
  return slidingWindow.available(state, RATE, now);
}

function wait(state: Float64Array, now: number, amount: number): number {
  return slidingWindow.wait(state, RATE, now, amount);
}

/** Takes `amount` as often as it need not wait; returns the sum. */
function takeAll(state: Float64Array, rate: Rate, now: number, amount: number): number {
  let sum = 0;
  for (; slidingWindow.wait(state, rate, now, amount) === 0; sum += amount)
    slidingWindow.take(state, rate, now, amount);
  return sum;
}

describe("sliding-window", () => {
  it("gives back each amount one window after it was taken", () => {
    const state = fresh(RATE);
    slidingWindow.take(state, RATE, 0, 4);
    slidingWindow.take(state, RATE, 30, 5);
    expect(available(state, 30)).toBe(1);
    expect(wait(state, 30, 1)).toBe(0);
    expect(wait(state, 30, 2)).toBe(70);
    expect(wait(state, 30, 6)).toBe(100);
    expect(available(state, 99.9)).toBe(1);
    expect(available(state, 100)).toBe(5);
    expect(available(state, 130)).toBe(10);
  });

  it("keeps an amount longer by the guard", () => {
    const rate = resolveRate({ capacity: 10, window: 100, guard: 3 });
    const state = fresh(rate);
    slidingWindow.take(state, rate, 0, 10);
    expect(slidingWindow.wait(state, rate, 0, 1)).toBe(103);
  });

  it("settles a take at its own time, and charges one that is gone at the present", () => {
    const state = fresh(RATE);
    slidingWindow.take(state, RATE, 0, 4);
    slidingWindow.take(state, RATE, 30, 2);
    slidingWindow.settle(state, RATE, 40, 0, -3);
    expect(available(state, 40)).toBe(7);
    slidingWindow.settle(state, RATE, 50, 30, 8);
    expect(available(state, 50)).toBe(-1);
    expect(wait(state, 50, 1)).toBe(80);
    slidingWindow.settle(state, RATE, 110, 0, -1);
    expect(available(state, 110)).toBe(0);
    slidingWindow.settle(state, RATE, 120, 0, 1);
    expect(wait(state, 120, 10)).toBe(100);
  });

  it("tells apart takes at one instant, and forgets none of them", () => {
    const state = fresh(RATE);
    slidingWindow.take(state, RATE, 0, 1);
    slidingWindow.take(state, RATE, 0, 6);
    slidingWindow.settle(state, RATE, 0, 0, -5);
    expect(available(state, 0)).toBe(8);
  });

  it("holds a cap for one window", () => {
    const state = fresh(RATE);
    slidingWindow.take(state, RATE, 0, 3);
    slidingWindow.cap(state, RATE, 20, 5);
    expect(available(state, 20)).toBe(5);
    expect(available(state, 100)).toBe(8);
    expect(available(state, 120)).toBe(10);
  });

  interface Entry {
    readonly at: number;
    weight: number;
  }

  /** What it must equal: a plain list of all. */
  class Log {
    readonly entries: Entry[] = [];
    readonly rate: Rate;

    constructor(rate: Rate) {
      this.rate = rate;
    }

    live(now: number): Entry[] {
      return this.entries.filter(({ at }) => at + this.rate.window + this.rate.guard > now);
    }

    available(now: number): number {
      return this.live(now).reduce((rest, { weight }) => rest - weight, this.rate.capacity);
    }

    wait(now: number, amount: number): number {
      const ends = this.live(now).map(({ at }) => at + this.rate.window + this.rate.guard);
      return [now, ...ends.sort((a, b) => a - b)].find((time) => this.available(time) >= amount)! - now;
    }
  }

  const whole = fc.integer({ min: 1, max: 10 });
  const operation = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("take" as const), amount: whole }) },
    fc.record({ kind: fc.constant("settle" as const), which: fc.nat(10), amount: fc.integer({ min: 0, max: 14 }) }),
    fc.record({ kind: fc.constant("cap" as const), amount: fc.integer({ min: -3, max: 10 }) }),
  );
  const after = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 60, noNaN: true }));

  it("answers as a plain list does", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(after, operation), { maxLength: 60, size: "max" }), whole, (run, next) => {
        const rate = resolveRate({ capacity: 10, window: 100 });
        const state = fresh(rate);
        const log = new Log(rate);
        const takes: Entry[] = [];
        let now = -300;
        for (const [pause, current] of run) {
          now += pause;
          if (current.kind === "take") {
            slidingWindow.take(state, rate, now, current.amount);
            const entry = { at: now, weight: current.amount };
            takes.push(entry);
            log.entries.push(entry);
          } else if (current.kind === "settle") {
            const entry = takes.at(-1 - (current.which % Math.max(1, takes.length)));
            // What was settled to nothing has no place any more; a later charge then counts from a later time.
            if (!entry || entry.weight === 0) continue;
            const difference = current.amount - entry.weight;
            slidingWindow.settle(state, rate, now, entry.at, difference);
            if (log.live(now).includes(entry)) entry.weight += difference;
            else if (difference > 0) log.entries.push({ at: now, weight: difference });
          } else {
            slidingWindow.cap(state, rate, now, current.amount);
            const missing = log.available(now) - current.amount;
            if (missing > 0) log.entries.push({ at: now, weight: missing });
          }
          expect(slidingWindow.available(state, rate, now)).toBe(log.available(now));
          expect(slidingWindow.wait(state, rate, now, next)).toBe(log.wait(now, next));
        }
      }),
      { numRuns: 150 },
    );
  });

  it.each([5000, 1e6, 1e9])("keeps its bound with a capacity of %d, at the cost of one granule at most", (capacity) => {
    const rate = resolveRate({ capacity, window: 1000 });
    const granule = (rate.window + rate.guard) / 2048;
    const amount = capacity / 5000;
    const state = fresh(rate);
    expect(state.length).toBeLessThanOrEqual(3 + 2 * 2049);
    const times: number[] = [];
    // Steps of their own length, so that they fall differently into the granules.
    for (let now = -77.7; times.length < 5000; now += 0.07) {
      slidingWindow.take(state, rate, now, amount);
      times.push(now);
    }
    expect(slidingWindow.available(state, rate, times.at(-1)!)).toBeCloseTo(0, 4);
    for (let at = 0; at < 5000; at += 37) {
      const now = times[at]! + rate.window + rate.guard;
      const exact = (at + 1) * amount;
      expect(slidingWindow.available(state, rate, now - 1e-6)).toBeLessThanOrEqual(exact - amount + 1e-3);
      expect(slidingWindow.available(state, rate, now + granule)).toBeGreaterThanOrEqual(exact - 1e-3);
    }
  });

  it("keeps its bound and loses little when fractions are taken", () => {
    const rate = resolveRate({ capacity: 1, window: 1000 });
    const state = fresh(rate);
    const takes: number[] = [];
    let now = 0;
    // Spread over the window: what is taken last must not keep the first from being given back.
    while (now < 20_000) {
      now += Math.max(5, slidingWindow.wait(state, rate, now, 0.005));
      slidingWindow.take(state, rate, now, 0.005);
      takes.push(now);
      expect(takes.slice(-201).filter((at) => at > now - rate.window).length).toBeLessThanOrEqual(200);
    }
    expect((takes.length * 0.005) / (20_000 / 1005)).toBeGreaterThan(0.97);
  });

  it.each<[string, (state: Float64Array, now: number, before: number) => void]>([
    ["nothing", (state, now) => slidingWindow.take(state, RATE, now, 0)],
    [
      "what was given back wholly at once",
      (state, now) => {
        slidingWindow.take(state, RATE, now, 1);
        slidingWindow.settle(state, RATE, now, now, -1);
      },
    ],
    [
      "what was given back wholly after the next take",
      (state, now, before) => {
        slidingWindow.take(state, RATE, now, 1);
        slidingWindow.settle(state, RATE, now, before, -1);
      },
    ],
  ])("needs no room for %s", (_what, takeNothing) => {
    const state = fresh(RATE);
    slidingWindow.take(state, RATE, 0, 1);
    for (let now = 1; now < 81; now += 1) takeNothing(state, now, now - 1);
    expect(available(state, 80)).toBe(9);
    for (let now = 81; now < 90; now += 1) slidingWindow.take(state, RATE, now, 1);
    expect(available(state, 89)).toBe(0);
    // Each of the nine has a pair, and a time, of its own.
    for (let now = 181; now < 190; now += 1) expect(available(state, now)).toBe(now - 179);
  });

  it("takes on when its ring is full, keeping what came last for as long as the latest of it", () => {
    const state = fresh(RATE);
    const pairs = (state.length - 3) / 2;
    const [step, more] = [90 / (pairs + 25), 25];
    // More in debt than there are pairs.
    for (let index = 0; index < pairs + more; index += 1) slidingWindow.take(state, RATE, index * step, 1);
    expect(available(state, 89.9)).toBe(10 - pairs - more);
    // All but the last of the pairs hold one take, that one holds all others.
    expect(available(state, 100 + (pairs - 1.5) * step)).toBe(10 - more - 1);
    expect(available(state, 189.9 - step)).toBe(10 - more - 1);
    expect(available(state, 190)).toBe(10);
  });

  it("has the whole capacity when nothing is left, whatever rounding did", () => {
    const rate = resolveRate({ capacity: 1, window: 100 });
    const amount = fc.double({ min: 0.001, max: 0.3, noNaN: true });
    fc.assert(
      fc.property(fc.array(amount, { maxLength: 20 }), (amounts) => {
        const state = fresh(rate);
        for (const [at, current] of amounts.entries()) slidingWindow.take(state, rate, at, current);
        expect(slidingWindow.available(state, rate, 1000)).toBe(1);
        slidingWindow.cap(state, rate, 1000, 2);
        expect([...state.subarray(2, 3)]).toEqual([0]);
      }),
      { numRuns: 100 },
    );
  });

  it("mends a total that a stopped thread has left too high, also when the ring never gets empty (S3)", () => {
    const state = fresh(RATE);
    slidingWindow.take(state, RATE, 0, 1);
    state[2] = state[2]! + 4;
    const end = 10 * state.length;
    for (let now = 10; now < end; now += 10) {
      if (wait(state, now, 1) === 0) slidingWindow.take(state, RATE, now, 1);
    }
    // One each 10 ms is just the rate: the last four are left.
    expect(takeAll(state, RATE, end + 50, 1)).toBe(6);
  });

  it("goes on when its ring has come round many times", () => {
    const rate = resolveRate({ capacity: 3, window: 10, guard: 0 });
    const state = fresh(rate);
    for (let now = 0; now < 20_000; now += 10) expect(takeAll(state, rate, now, 1)).toBe(3);
    expect(state.every((value) => Number.isFinite(value))).toBe(true);
  });
});
