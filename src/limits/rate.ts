import { show } from "../config/show.js";

/** Ways to hold a rate; they differ in what they allow at once, in what they remember, and in their bound. */
export type RateAlgorithmName = "sliding-window" | "fixed-window" | "token-bucket" | "leaky-bucket" | "gcra";

/** Every name, the default first. */
const RATE_ALGORITHMS: readonly RateAlgorithmName[] = [
  "sliding-window",
  "fixed-window",
  "token-bucket",
  "leaky-bucket",
  "gcra",
];

/** How much may be taken in how long. */
export interface RateOptions {
  /** The most that may be taken in a window. */
  readonly capacity: number;
  /** The length of a window, in ms. */
  readonly window: number;
  /**
   * - `"sliding-window"`: at most `capacity` in any window; remembers each take.
   * - `"fixed-window"`: at most `capacity` in each of the windows that follow one another, so up to twice that in one
   *   laid across their border; remembers two numbers.
   * - `"token-bucket"`, `"gcra"`: up to `burst` at once, then an even flow; the same behaviour, kept in two ways.
   * - `"leaky-bucket"`: an even flow from the first on; what is taken makes the next wait.
   *
   * @default "sliding-window"
   */
  readonly algorithm?: RateAlgorithmName | undefined;
  /**
   * The most that a bucket gives at once after a pause. When given, the flow is `capacity` in a window, so that any
   * window sees at most `capacity + burst`. When not given, the flow is so much less that any window sees at most
   * `capacity`, counted in whole amounts.
   *
   * Amounts above it, up to `capacity`, pass as well, but only once the bucket has been full for a while, so that up to
   * half of the flow is lost. And what is given back after a later take counts for less than `burst`. For large amounts, or
   * for estimates, set it well above the largest, or use `"sliding-window"`.
   *
   * @default 1 % of `capacity`, at least 1, at most `capacity`
   */
  readonly burst?: number | undefined;
  /**
   * What is taken starts a little later than it is granted, by timers and garbage collection, and not always by as much:
   * so many ms are added to each window, for starts to keep the bound as well as grants do. A bucket with a `burst` has none.
   *
   * @default 0.3 % of `window`, at least 2 or 0.5 % of it, at most 10
   */
  readonly guard?: number | undefined;
}

/** Checked options with every default in place. */
export interface Rate {
  readonly capacity: number;
  /** In ms. */
  readonly window: number;
  /** The most at once: `capacity` for windows. */
  readonly burst: number;
  /** The flow in the long run, per ms. */
  readonly perMs: number;
  /** In ms. */
  readonly guard: number;
  /** How late a take of an even flow may come, in ms, and the next be none the later. */
  readonly slack: number;
}

const LONGEST_GUARD = 10;
const GUARD_SHARE = 0.003;
/** Short windows need relatively more: what makes starts late does not become shorter with them. */
const SHORT_GUARD = 2;
const SHORT_GUARD_SHARE = 0.005;
const BURST_SHARE = 0.01;
/** The rest of the guard is for starts that come later than their grants. */
const SLACK_SHARE = 0.5;
/** Sums of fractions are off by a few units in the last place: such a take is not made to wait. */
const ROUNDING = 1 + 1024 * Number.EPSILON;

/**
 * Checks options and sets the defaults.
 *
 * Without `burst` a bucket keeps to `capacity` in any half-open window [u, u + window): what it gives in [u, v] sums up
 * to at most burst + perMs * (v - u), which for v < u + window is less than the next whole number above `capacity`. The
 * slack, by which an even flow makes up for a late take, is part of the guard, and so of that sum.
 *
 * @throws {TypeError} for an algorithm that does not exist, or a `burst` for one that is no bucket
 * @throws {RangeError} unless `capacity`, `window` and `burst` are finite and above 0, and `guard` finite and not below
 */
export function resolveRate(options: RateOptions): Rate {
  const algorithm = checkAlgorithm(options.algorithm ?? RATE_ALGORITHMS[0]!);
  const capacity = positive("capacity", options.capacity);
  const window = positive("window", options.window);
  const guard = notNegative("guard", options.guard ?? defaultGuard(window));
  if (algorithm === "sliding-window" || algorithm === "fixed-window") {
    if (options.burst !== undefined) {
      throw new TypeError(
        `Cannot set 'burst' as algorithm '${algorithm}' has none: current value is ${show(options.burst)}`,
      );
    }
    return { capacity, window, burst: capacity, perMs: capacity / (window + guard), guard, slack: 0 };
  }
  if (options.burst !== undefined) {
    return { capacity, window, burst: positive("burst", options.burst), perMs: capacity / window, guard, slack: 0 };
  }
  const burst = Math.min(capacity, Math.max(1, capacity * BURST_SHARE));
  // The first for a capacity below 1, of which no whole amount can be taken.
  const inWindow = Math.min(capacity, Math.floor(capacity) + 1 - burst);
  return { capacity, window, burst, perMs: inWindow / (window + guard), guard, slack: guard * SLACK_SHARE };
}

/**
 * Returns the name.
 * @throws {TypeError} when there is no such algorithm
 */
export function checkAlgorithm(name: RateAlgorithmName): RateAlgorithmName {
  if (RATE_ALGORITHMS.includes(name)) return name;
  const allowed = RATE_ALGORITHMS.map((item) => `'${item}'`).join(", ");
  throw new TypeError(`Cannot set 'algorithm' as it must be one of ${allowed}: current value is ${show(name)}`);
}

/** The most that can ever be taken at once. */
export function largestAmount(rate: Rate): number {
  return Math.max(rate.capacity, rate.burst);
}

/** What of a sum is above the capacity, but for rounding. */
export function excess(rate: Rate, sum: number): number {
  return Math.max(0, sum - rate.capacity * ROUNDING);
}

function positive(name: string, value: number): number {
  if (!(typeof value === "number" && value > 0)) {
    throw new RangeError(`Cannot set '${name}' as it must be above 0: current value is ${show(value)}`);
  }
  return finite(name, value);
}

function notNegative(name: string, value: number): number {
  if (!(typeof value === "number" && value >= 0)) {
    throw new RangeError(`Cannot set '${name}' as it must not be below 0: current value is ${show(value)}`);
  }
  return finite(name, value);
}

function finite(name: string, value: number): number {
  if (Number.isFinite(value)) return value;
  throw new RangeError(`Cannot set '${name}' as it must be finite: current value is ${show(value)}`);
}

function defaultGuard(window: number): number {
  const least = Math.min(SHORT_GUARD, window * SHORT_GUARD_SHARE);
  return Math.min(LONGEST_GUARD, Math.max(window * GUARD_SHARE, least));
}
