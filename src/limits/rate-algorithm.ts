import { fixedWindow } from "./algorithms/fixed-window.js";
import { gcra } from "./algorithms/gcra.js";
import { leakyBucket } from "./algorithms/leaky-bucket.js";
import { slidingWindow } from "./algorithms/sliding-window.js";
import { tokenBucket } from "./algorithms/token-bucket.js";
import { checkAlgorithm, type Rate, type RateAlgorithmName } from "./rate.js";

/**
 * Holds a rate, as functions of a state, the time and an amount.
 *
 * The state is a row of `size(rate)` numbers and all there is: it may be copied, or lie in memory that threads share. It may
 * serve another rate of the same algorithm later (`resize`).
 * The caller sees to it that only one thread at a time calls what writes (all but `available` and `wait`). A thread that
 * is stopped between two writes leaves a state that is valid and allows no more than one of the two did.
 *
 * Times are ms of a monotonic clock, from any origin. Amounts are 0 or more. A take counts from its time on with what it
 * was settled to.
 */
export interface RateAlgorithm {
  readonly name: RateAlgorithmName;
  /** The number of numbers in a state. */
  size(rate: Rate): number;
  /** Makes a row of any numbers a state of which nothing was taken. */
  reset(state: Float64Array, rate: Rate, now: number): void;
  /** What could be taken now, at most `burst`; below 0 when in debt. A bucket long full may give more: ask `wait`. */
  available(state: Float64Array, rate: Rate, now: number): number;
  /** The ms until `amount` can be taken if nothing else happens; 0 for now, Infinity for more than `largestAmount`. */
  wait(state: Float64Array, rate: Rate, now: number, amount: number): number;
  /** Takes, also what would have had to wait: that becomes debt. */
  take(state: Float64Array, rate: Rate, now: number, amount: number): void;
  /**
   * Corrects what was taken at `takenAt`: a `difference` below 0 is given back, as far as it still matters, one above 0
   * is charged, if need be as debt.
   */
  settle(state: Float64Array, rate: Rate, now: number, takenAt: number, difference: number): void;
  /** Of what was taken from `since` on, `amount` began at `until` at the latest: counts it from then on. Only where it matters. */
  postpone?(state: Float64Array, rate: Rate, since: number, until: number, amount: number): void;
  /**
   * Makes a state of `before` one of `after`, at `now`: what was taken, and what is owed, stays the same amount. Only where
   * the state depends on the rate.
   */
  resize?(state: Float64Array, before: Rate, after: Rate, now: number): void;
  /** Takes what is available above `remaining`, as the server knows of takes that we do not. Never raises anything. */
  cap(state: Float64Array, rate: Rate, now: number, remaining: number): void;
}

const ALGORITHMS: Readonly<Record<RateAlgorithmName, RateAlgorithm>> = {
  "sliding-window": slidingWindow,
  "fixed-window": fixedWindow,
  "token-bucket": tokenBucket,
  "leaky-bucket": leakyBucket,
  gcra,
};

/**
 * Returns the algorithm of that name.
 * @throws {TypeError} when there is none
 */
export function rateAlgorithm(name: RateAlgorithmName): RateAlgorithm {
  return ALGORITHMS[checkAlgorithm(name)];
}
