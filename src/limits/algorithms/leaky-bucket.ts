/**
 * A leaky bucket, as a queue: what is taken flows out evenly, and the next waits until all of it has.
 *
 * Keeps the state of `gcra`, where `full` is now the instant at which the next may be taken; only the question differs. An
 * amount up to `burst` waits for that instant alone, a larger one for the larger gap before it that its size needs.
 *
 * A timer wakes whoever waits up to a millisecond late, each time: were the gap counted from there, a flow of some hundreds
 * per second would lose a fifth. So it is counted from the instant at which the take was due, if not more than `slack`
 * ago.
 */
import { largestAmount } from "../rate.js";
import type { RateAlgorithm } from "../rate-algorithm.js";
import { gcra, noteTake, settleTake } from "./gcra.js";

const NEXT = 0;

/** An even flow without bursts. */
export const leakyBucket: RateAlgorithm = {
  ...gcra,
  name: "leaky-bucket",

  /** Nothing until the next may be taken; below 0 when more is to flow out than one take of `burst` leaves behind. */
  available(state, rate, now) {
    const level = gcra.available(state, rate, now);
    return state[NEXT]! > now ? Math.min(0, level) : level;
  },

  wait(state, rate, now, amount) {
    if (amount > largestAmount(rate)) return Number.POSITIVE_INFINITY;
    return Math.max(0, state[NEXT]! - now + Math.max(0, amount - rate.burst) / rate.perMs);
  },

  take(state, rate, now, amount) {
    noteTake(state, rate, now, amount, now - rate.slack);
  },

  settle(state, rate, _now, takenAt, difference) {
    settleTake(state, rate, takenAt, difference, takenAt - rate.slack);
  },

  postpone(state, rate, _since, until, amount) {
    state[NEXT] = Math.max(state[NEXT]!, until - rate.slack + amount / rate.perMs);
  },
};
