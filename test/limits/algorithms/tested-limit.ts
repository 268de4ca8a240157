/** A limit with what a test needs to drive it and to judge it, for all algorithms; and the steps it may be driven by. */
import fc from "fast-check";
import { expect } from "vitest";
import { type Rate, type RateAlgorithmName, type RateOptions, resolveRate } from "../../../dist/limits/rate.js";
import { type RateAlgorithm, rateAlgorithm } from "../../../dist/limits/rate-algorithm.js";

/** How far times of a float clock may be off, in ms. */
export const RESOLUTION = 1e-6;
export const NAMES: readonly RateAlgorithmName[] = [
  "sliding-window",
  "fixed-window",
  "token-bucket",
  "leaky-bucket",
  "gcra",
];
const BUCKETS: readonly RateAlgorithmName[] = ["token-bucket", "leaky-bucket", "gcra"];

/** A take with what it was settled to so far. */
interface Taken {
  readonly at: number;
  settled: number;
}

export type Step =
  | { readonly kind: "advance"; readonly windows: number }
  | { readonly kind: "await" | "take" | "force"; readonly share: number }
  | { readonly kind: "settle"; readonly which: number; readonly share: number }
  | { readonly kind: "cap"; readonly share: number }
  | { readonly kind: "copy" };

/** A limit with its clock and a log of its own of what was taken when. */
export class TestedLimit {
  rate: Rate;
  readonly algorithm: RateAlgorithm;
  readonly taken: Taken[] = [];
  /** What held until when, the oldest first. */
  readonly former: { readonly options: RateOptions; readonly until: number }[] = [];
  options: RateOptions;
  now: number;
  state: Float64Array;
  /** The state lies within it; a write outside of the state is seen here. */
  #row: Float64Array;

  constructor(options: RateOptions, now: number) {
    this.options = options;
    this.rate = resolveRate(options);
    this.algorithm = rateAlgorithm(options.algorithm ?? "sliding-window");
    this.now = now;
    const size = this.algorithm.size(this.rate);
    this.#row = new Float64Array(size + 2).fill(Number.NaN);
    this.state = this.#row.subarray(1, size + 1);
    this.algorithm.reset(this.state, this.rate, now);
  }

  get available(): number {
    return this.algorithm.available(this.state, this.rate, this.now);
  }

  wait(amount: number, now = this.now): number {
    return this.algorithm.wait(this.state, this.rate, now, amount);
  }

  take(amount: number): Taken {
    this.algorithm.take(this.state, this.rate, this.now, amount);
    const taken = { at: this.now, settled: amount };
    this.taken.push(taken);
    return taken;
  }

  settle(taken: Taken, difference: number): void {
    this.algorithm.settle(this.state, this.rate, this.now, taken.at, difference);
    taken.settled += difference;
  }

  cap(remaining: number): void {
    this.algorithm.cap(this.state, this.rate, this.now, remaining);
  }

  resize(options: Partial<RateOptions>): void {
    const before = this.rate;
    this.former.push({ options: this.options, until: this.now });
    this.options = { ...this.options, ...options };
    this.rate = resolveRate(this.options);
    this.algorithm.resize?.(this.state, before, this.rate, this.now);
  }

  /** Goes on with a copy, the old state made unusable. */
  copy(): void {
    expect([this.#row.at(0), this.#row.at(-1)]).toEqual([Number.NaN, Number.NaN]);
    const old = this.#row;
    this.#row = Float64Array.from(old);
    this.state = this.#row.subarray(1, this.#row.length - 1);
    old.fill(Number.NaN);
  }

  /** A whole amount up to the capacity. */
  amount(share: number): number {
    return Math.max(1, Math.round(share * this.rate.capacity));
  }

  /** What was taken in the window up to now. */
  inWindow(): number {
    const from = this.now - this.rate.window + RESOLUTION;
    return this.taken.reduce((sum, { at, settled }) => (at > from ? sum + settled : sum), 0);
  }

  /** Makes a step; tells whether it was a take that did not have to wait. */
  run(step: Step): boolean {
    switch (step.kind) {
      case "advance":
        this.now += step.windows * this.rate.window;
        return false;
      case "await":
        this.now += this.wait(this.amount(step.share));
        return false;
      case "take": {
        const amount = this.amount(step.share);
        if (this.wait(amount) > 0) return false;
        this.take(amount);
        return true;
      }
      case "force":
        this.take(this.amount(step.share));
        return false;
      case "settle": {
        const taken = this.taken.at(-1 - (step.which % Math.max(1, this.taken.length)));
        if (taken) this.settle(taken, Math.round(step.share * this.rate.capacity) - taken.settled);
        return false;
      }
      case "cap":
        this.cap(Math.round(step.share * this.rate.capacity));
        return false;
      case "copy":
        this.copy();
        return false;
    }
  }
}

// Small amounts mostly, so that much is taken before the capacity is.
export const share = fc.oneof(
  fc.double({ min: 0, max: 0.15, noNaN: true }),
  fc.double({ min: 0, max: 1, noNaN: true }),
);
const windows = fc.oneof(
  { weight: 3, arbitrary: fc.double({ min: 0, max: 0.1, noNaN: true }) },
  fc.double({ min: 0, max: 1.2, noNaN: true }),
  fc.constantFrom(0.25, 0.5, 1, 3),
);
export const takeStep = fc.record({ kind: fc.constantFrom("await" as const, "take" as const), share });
const refundStep = fc.record({ kind: fc.constant("settle" as const), which: fc.nat(20), share: fc.constant(0) });
export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: takeStep },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("advance" as const), windows }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("settle" as const), which: fc.nat(20), share }) },
  { weight: 2, arbitrary: refundStep },
  fc.record({ kind: fc.constantFrom("cap" as const, "force" as const), share }),
  fc.constant({ kind: "copy" as const }),
);
export const steps = fc.array(step, { maxLength: 80, size: "max" });
export const origin = fc.oneof(fc.constant(0), fc.double({ min: -1e6, max: 1e6, noNaN: true }));
const rates = fc.record({
  capacity: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 13, max: 400 })),
  window: fc.integer({ min: 50, max: 2000 }),
  guard: fc.constantFrom(undefined, 0),
});

/** The options of one algorithm; those of a bucket with or without a burst. */
export function optionsOf(algorithm: RateAlgorithmName): fc.Arbitrary<RateOptions> {
  if (!BUCKETS.includes(algorithm)) return rates.map((rate) => ({ ...rate, algorithm }));
  return fc
    .tuple(rates, fc.option(fc.double({ min: 0.05, max: 1.5, noNaN: true }), { nil: undefined }))
    .map(([rate, part]) => ({ ...rate, algorithm, burst: part && Math.ceil(part * rate.capacity) }));
}

/** The most that a window may see. */
export function boundOf({ algorithm, capacity, burst }: RateOptions): number {
  if (algorithm === "fixed-window") return 2 * capacity;
  return capacity + (burst ?? 0);
}
