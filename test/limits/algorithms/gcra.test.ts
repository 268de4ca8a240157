import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gcra, LOWS_SIZE, noteLow, refundable } from "../../../dist/limits/algorithms/gcra.js";
import { type Rate, resolveRate } from "../../../dist/limits/rate.js";

/** 10 at once, then 1 each 10 ms. */
const RATE = resolveRate({ capacity: 100, window: 1000, algorithm: "gcra", burst: 10 });

function fresh(rate: Rate): Float64Array {
  const state = new Float64Array(gcra.size(rate));
  gcra.reset(state, rate, 0);
  return state;
}

function available(state: Float64Array, now: number): number {
  return gcra.available(state, RATE, now);
}

describe("gcra", () => {
  it("gives the burst at once, then an even flow", () => {
    const state = fresh(RATE);
    expect(available(state, 0)).toBe(10);
    gcra.take(state, RATE, 0, 10);
    expect(available(state, 0)).toBe(0);
    expect(gcra.wait(state, RATE, 0, 1)).toBeCloseTo(10);
    expect(gcra.wait(state, RATE, 0, 10)).toBeCloseTo(100);
    expect(available(state, 35)).toBeCloseTo(3.5);
    expect(available(state, 500)).toBe(10);
  });

  it("makes debt of what is taken without waiting", () => {
    const state = fresh(RATE);
    gcra.take(state, RATE, 0, 25);
    expect(available(state, 0)).toBeCloseTo(-15);
    expect(gcra.wait(state, RATE, 0, 1)).toBeCloseTo(160);
  });

  it("lets more than the burst pass once the bucket has been full for as long as the rest takes to flow in", () => {
    const state = fresh(RATE);
    gcra.take(state, RATE, 0, 10);
    // Full at 100; 20 more than the burst need 200 ms from there.
    expect(gcra.wait(state, RATE, 0, 30)).toBeCloseTo(300);
    expect(gcra.wait(state, RATE, 250, 30)).toBeCloseTo(50);
    gcra.take(state, RATE, 300, 30);
    expect(available(state, 300)).toBeCloseTo(-20);
  });

  it("charges what was used above the estimate, and gives back what was not used", () => {
    const state = fresh(RATE);
    gcra.take(state, RATE, 0, 6);
    gcra.settle(state, RATE, 10, 0, 3);
    expect(available(state, 10)).toBeCloseTo(2);
    gcra.settle(state, RATE, 20, 0, -8);
    expect(available(state, 20)).toBe(10);
    gcra.settle(state, RATE, 30, 0, -1000);
    // However much is given back, the bucket has not been full since before the take.
    expect(gcra.wait(state, RATE, 30, 14)).toBeCloseTo(10);
  });

  it("is capped by what the server says remains", () => {
    const state = fresh(RATE);
    gcra.cap(state, RATE, 0, 4);
    expect(available(state, 0)).toBeCloseTo(4);
    gcra.cap(state, RATE, 0, 8);
    expect(available(state, 0)).toBeCloseTo(4);
    gcra.cap(state, RATE, 0, -4);
    expect(available(state, 0)).toBeCloseTo(-4);
  });

  it("caps also the memory of how long it has been full", () => {
    const state = fresh(RATE);
    gcra.cap(state, RATE, 0, 30);
    expect(available(state, 0)).toBe(10);
    expect(gcra.wait(state, RATE, 0, 30)).toBe(0);
    expect(gcra.wait(state, RATE, 0, 31)).toBeCloseTo(10);
  });

  it("gives back in full what was taken before takes that left enough room", () => {
    const state = fresh(RATE);
    gcra.take(state, RATE, 0, 5);
    // Here it lacks 4 of being full: as much of the first take can be given back.
    gcra.take(state, RATE, 10, 5);
    gcra.settle(state, RATE, 10, 0, -4);
    expect(available(state, 10)).toBeCloseTo(5);
    gcra.settle(state, RATE, 10, 0, -1);
    expect(available(state, 10)).toBeCloseTo(5);
  });

  it("does not make all available at once that is given back of takes long past", () => {
    const state = fresh(RATE);
    const times = Array.from({ length: 50 }, (_, at) => at * 100);
    for (const now of times) {
      expect(gcra.wait(state, RATE, now, 10)).toBe(0);
      gcra.take(state, RATE, now, 10);
    }
    for (const takenAt of times.slice(0, -1)) gcra.settle(state, RATE, 4900, takenAt, -10);
    // The bucket was full at each take: it would not have been fuller.
    expect(available(state, 4900)).toBeCloseTo(0);
    gcra.settle(state, RATE, 4900, 4900, -10);
    expect(available(state, 4900)).toBe(10);
  });

  it("gives estimates back when takes wait for one another, as they do under load", () => {
    const rate = resolveRate({ capacity: 100, window: 1000, algorithm: "gcra", burst: 50 });
    const state = fresh(rate);
    const open: number[] = [];
    let now = 0;
    let used = 0;
    // Each is taken with 8 and turns out to have used 2, a while later.
    while (now < 20_000) {
      now += gcra.wait(state, rate, now, 8);
      gcra.take(state, rate, now, 8);
      used += 2;
      open.push(now);
      if (open.length > 6) gcra.settle(state, rate, now, open.shift()!, -6);
    }
    expect(used / now / rate.perMs).toBeGreaterThan(0.98);
  });

  interface Take {
    readonly at: number;
    amount: number;
  }

  /** What `full` must be: each take anew, with what it was settled to. */
  function fullOf(takes: readonly Take[]): number {
    return takes.reduce((full, { at, amount }) => Math.max(full, at) + amount / RATE.perMs, Number.NEGATIVE_INFINITY);
  }

  interface Planned {
    readonly after: number;
    readonly amount: number;
    readonly settles: { readonly which: number; readonly to: number } | undefined;
  }

  const takes: fc.Arbitrary<Planned> = fc.record({
    after: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 80, noNaN: true })),
    amount: fc.integer({ min: 1, max: 12 }),
    settles: fc.option(fc.record({ which: fc.nat(12), to: fc.integer({ min: 0, max: 15 }) }), { nil: undefined }),
  });

  /** Takes and settles; `check` sees the state and what `full` must be after each. */
  function run(list: readonly Planned[], canCharge: boolean, check: (full: number, ideal: number) => void): void {
    const state = fresh(RATE);
    const log: Take[] = [];
    let now = 0;
    for (const { after, amount, settles } of list) {
      now += after;
      gcra.take(state, RATE, now, amount);
      log.push({ at: now, amount });
      const settled = settles && log.at(-1 - (settles.which % log.length))!;
      if (settled && (canCharge || settles.to < settled.amount)) {
        gcra.settle(state, RATE, now, settled.at, settles.to - settled.amount);
        settled.amount = settles.to;
      }
      check(state[0]!, fullOf(log));
    }
  }

  it("is as if each take had been made with what it was settled to, as long as the lows find room (G1, G2)", () => {
    fc.assert(
      fc.property(fc.array(takes, { maxLength: 8 }), (list) =>
        run(list, false, (full, ideal) => expect(Math.max(full, -1e9)).toBeCloseTo(Math.max(ideal, -1e9), 6)),
      ),
      { numRuns: 500 },
    );
  });

  it("is never full earlier than that (G1, G3)", () => {
    fc.assert(
      fc.property(fc.array(takes, { maxLength: 60, size: "max" }), fc.boolean(), (list, canCharge) =>
        run(list, canCharge, (full, ideal) => expect(full).toBeGreaterThanOrEqual(ideal - 1e-6)),
      ),
      { numRuns: 200 },
    );
  });

  it("never allows more to be given back than any later low, and as much where they find room (G3)", () => {
    const low = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.double({ min: 0, max: 1000, noNaN: true }));
    fc.assert(
      fc.property(fc.array(low, { maxLength: 50, size: "max" }), fc.nat(50), (unsorted, from) => {
        // Rising ones must all be kept.
        const lows = [...unsorted.slice(0, from), ...unsorted.slice(from).sort((a, b) => a - b)];
        const row = new Float64Array(LOWS_SIZE);
        for (const [now, value] of lows.entries()) noteLow(row, 0, now, value);
        for (let takenAt = -1; takenAt < lows.length; takenAt += 1) {
          const exact = Math.min(...lows.slice(takenAt + 1), 2000);
          const allowed = refundable(row, 0, takenAt, 2000);
          if (lows.length <= 8) expect(allowed).toBe(exact);
          else expect(allowed).toBeLessThanOrEqual(exact);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("still gives back most when more takes wait for one another than the lows have room for (G3)", () => {
    const rate = resolveRate({ capacity: 1000, window: 1000, algorithm: "gcra", burst: 1000 });
    const state = fresh(rate);
    for (let now = 0; now < 40; now += 1) gcra.take(state, rate, now, 10);
    expect(gcra.available(state, rate, 40)).toBeCloseTo(1000 - 400 + 40);
    for (let takenAt = 0; takenAt < 40; takenAt += 1) gcra.settle(state, rate, 40, takenAt, -5);
    expect(gcra.available(state, rate, 40)).toBeGreaterThan(1000 - 400 + 40 + 0.9 * 200);
  });
});
