/**
 * The generic cell rate algorithm (ITU-T I.371, annex A), and what all three buckets know of refunds.
 *
 * Owns one instant, `full`: when the bucket will be, or since when it has been, full again. Each take moves it on by
 * amount / perMs, from now at the earliest. An amount above `burst` needs the bucket to have been full for long enough.
 *
 * A bucket that overflows forgets. Were all that is given back put into it, then takes of one hour, given back at once,
 * would all be available in one instant. So it also keeps how near to full it came, in ms ("low"), at the takes so far:
 *
 * G1. `full` is never earlier than if every take had been made with what it was settled to.
 * G2. What a take gives back counts for at most the least low of all later takes: beyond, it would have overflowed.
 * G3. Of the lows only those are kept that are below all later ones, and of those at most `LOWS`: two may become one with
 *     the lesser low and the later time, which gives back less, never more.
 *
 * State: full, the number of lows, then (time, low) for each. `full` is exact as far as the clock resolves amount / perMs.
 */
import { largestAmount, type Rate } from "../rate.js";
import type { RateAlgorithm } from "../rate-algorithm.js";

const FULL = 0;
const FIRST = 1;
const LOWS = 8;

/** How many numbers the lows of a bucket take. */
export const LOWS_SIZE = 1 + 2 * LOWS;

/** A bucket: up to `burst` at once, then an even flow. */
export const gcra: RateAlgorithm = {
  name: "gcra",

  size: () => FIRST + LOWS_SIZE,

  reset(state) {
    state[FIRST] = 0;
    state[FULL] = Number.NEGATIVE_INFINITY;
  },

  available: (state, rate, now) => rate.burst - Math.max(0, state[FULL]! - now) * rate.perMs,

  wait(state, rate, now, amount) {
    if (amount > largestAmount(rate)) return Number.POSITIVE_INFINITY;
    return Math.max(0, state[FULL]! - now + (amount - rate.burst) / rate.perMs);
  },

  take(state, rate, now, amount) {
    noteTake(state, rate, now, amount, now);
  },

  settle(state, rate, _now, takenAt, difference) {
    settleTake(state, rate, takenAt, difference, takenAt);
  },

  postpone(state, rate, _since, until, amount) {
    state[FULL] = Math.max(state[FULL]!, until + amount / rate.perMs);
  },

  resize(state, before, after, now) {
    const factor = before.perMs / after.perMs;
    stretchLows(state, FIRST, factor);
    state[FULL] = now + (state[FULL]! - now) * factor;
  },

  cap(state, rate, now, remaining) {
    state[FULL] = Math.max(state[FULL]!, now + (rate.burst - remaining) / rate.perMs);
  },
};

/** Takes at `now`, as if the bucket had been full since `earliest` at the earliest. */
export function noteTake(state: Float64Array, rate: Rate, now: number, amount: number, earliest: number): void {
  const from = Math.max(state[FULL]!, earliest);
  // First: without the take the low does no more than to make a refund less.
  noteLow(state, FIRST, now, from - earliest);
  state[FULL] = from + amount / rate.perMs;
}

/** Corrects a take that was made with this `earliest`. */
export function settleTake(
  state: Float64Array,
  rate: Rate,
  takenAt: number,
  difference: number,
  earliest: number,
): void {
  const full = state[FULL]!;
  if (difference >= 0) {
    state[FULL] = full + difference / rate.perMs;
  } else if (full > earliest) {
    const refund = refundable(state, FIRST, takenAt, Math.min(-difference / rate.perMs, full - earliest));
    lessenLows(state, FIRST, takenAt, refund);
    state[FULL] = full - refund;
  }
}

/** Remembers that at a take the bucket lacked `low` ms of being full. The lows begin at `first` in the state. */
export function noteLow(state: Float64Array, first: number, now: number, low: number): void {
  let count = state[first]!;
  while (count > 0 && state[first + 2 * count]! >= low) count -= 1;
  // One at the same time is lower already.
  if (count > 0 && state[first + 2 * count - 1]! >= now) return;
  if (count === LOWS) {
    mergeTwo(state, first);
    count -= 1;
  }
  // In this order each half-done state holds a low that is lesser, or of later, than the one it replaces.
  state[first + 2 * count + 2] = low;
  state[first + 2 * count + 1] = now;
  state[first] = count + 1;
}

/** How much of a refund, in ms, would not have overflowed since (G2). */
export function refundable(state: Float64Array, first: number, takenAt: number, refund: number): number {
  let least = refund;
  for (let at = first + 2 * state[first]!; at > first; at -= 2) {
    if (state[at - 1]! > takenAt) least = Math.min(least, state[at]!);
  }
  return least;
}

/** Corrects the lows after a refund: with it the bucket would have been that much nearer to full. */
export function lessenLows(state: Float64Array, first: number, takenAt: number, refund: number): void {
  for (let at = first + 2 * state[first]!; at > first; at -= 2) {
    if (state[at - 1]! > takenAt) state[at] = state[at]! - refund;
  }
}

/** The same amounts, in ms of another flow. */
export function stretchLows(state: Float64Array, first: number, factor: number): void {
  for (let at = first + 2 * state[first]!; at > first; at -= 2) state[at] = state[at]! * factor;
}

/** Makes room by merging the two neighbours whose lows differ least, relatively: what is near 0 decides (G3). */
function mergeTwo(state: Float64Array, first: number): void {
  let into = first + 1;
  let nearest = -1;
  for (let at = first + 1; at < first + 2 * LOWS - 1; at += 2) {
    const ratio = state[at + 1]! / state[at + 3]!;
    if (ratio > nearest) {
      nearest = ratio;
      into = at;
    }
  }
  state[into + 1] = Math.min(state[into + 1]!, state[into + 3]!);
  state[into] = state[into + 2]!;
  for (let at = into + 2; at < first + 2 * LOWS - 1; at += 2) {
    state[at] = state[at + 2]!;
    state[at + 1] = state[at + 3]!;
  }
}
