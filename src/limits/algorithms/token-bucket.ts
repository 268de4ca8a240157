/**
 * A token bucket: tokens flow in evenly, a take removes some.
 *
 * Behaves as `gcra` does, and keeps tokens instead of an instant, so that it is exact also where one token flows in within
 * less than the resolution of the clock. More than `burst` is never spent at once but by one take: tokens above it only
 * tell for how long the bucket has been full, and are Infinity when nothing was ever taken.
 *
 * State: tokens, when they were counted, then the lows as in gcra.ts.
 */
import { largestAmount, type Rate } from "../rate.js";
import type { RateAlgorithm } from "../rate-algorithm.js";
import { LOWS_SIZE, lessenLows, noteLow, refundable, stretchLows } from "./gcra.js";

const TOKENS = 0;
const COUNTED_AT = 1;
const FIRST = 2;

/** A bucket: up to `burst` at once, then an even flow. */
export const tokenBucket: RateAlgorithm = {
  name: "token-bucket",

  size: () => FIRST + LOWS_SIZE,

  reset(state, _rate, now) {
    state[FIRST] = 0;
    state[COUNTED_AT] = now;
    state[TOKENS] = Number.POSITIVE_INFINITY;
  },

  available: (state, rate, now) => Math.min(rate.burst, tokensAt(state, rate, now)),

  wait(state, rate, now, amount) {
    if (amount > largestAmount(rate)) return Number.POSITIVE_INFINITY;
    return Math.max(0, (amount - tokensAt(state, rate, now)) / rate.perMs);
  },

  take(state, rate, now, amount) {
    const tokens = Math.min(rate.burst, tokensAt(state, rate, now));
    noteLow(state, FIRST, now, (rate.burst - tokens) / rate.perMs);
    count(state, now, tokens - amount);
  },

  settle(state, rate, now, takenAt, difference) {
    const tokens = tokensAt(state, rate, now);
    if (difference >= 0) {
      count(state, now, tokens - difference);
      return;
    }
    // What was lacking at the time of the take, with all taken since: more than that was not taken.
    const lacking = now - takenAt + (rate.burst - tokens) / rate.perMs;
    if (lacking <= 0) return;
    const refund = refundable(state, FIRST, takenAt, Math.min(-difference / rate.perMs, lacking));
    lessenLows(state, FIRST, takenAt, refund);
    count(state, now, tokens + refund * rate.perMs);
  },

  postpone(state, rate, _since, until, amount) {
    const left = rate.burst - amount;
    if (tokensAt(state, rate, until) > left) count(state, until, left);
  },

  resize(state, before, after, now) {
    stretchLows(state, FIRST, before.perMs / after.perMs);
    // What is lacking is what was taken: that stays.
    count(state, now, tokensAt(state, before, now) - before.burst + after.burst);
  },

  cap(state, rate, now, remaining) {
    const tokens = tokensAt(state, rate, now);
    if (tokens > remaining) count(state, now, remaining);
  },
};

function tokensAt(state: Float64Array, rate: Rate, now: number): number {
  return state[TOKENS]! + (now - state[COUNTED_AT]!) * rate.perMs;
}

function count(state: Float64Array, now: number, tokens: number): void {
  // The time first: half done, what has flowed in since the last count is lost, never doubled.
  state[COUNTED_AT] = now;
  state[TOKENS] = tokens;
}
