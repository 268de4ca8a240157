/**
 * Windows that follow one another; the first take after one has ended starts the next.
 *
 * Debt is carried into the windows that then follow without a gap, each of which takes up to `capacity` of it.
 *
 * State: when the window started, what is used of it. A window of which nothing is used is none, whatever its start.
 */
import { excess, type Rate } from "../rate.js";
import type { RateAlgorithm } from "../rate-algorithm.js";

const START = 0;
const USED = 1;

/** At most `capacity` in each window of `window + guard` ms. */
export const fixedWindow: RateAlgorithm = {
  name: "fixed-window",

  size: () => 2,

  reset(state) {
    state[START] = Number.NEGATIVE_INFINITY;
    state[USED] = 0;
  },

  available: (state, rate, now) => rate.capacity - usedAt(state, rate, now),

  wait(state, rate, now, amount) {
    if (excess(rate, amount) > 0) return Number.POSITIVE_INFINITY;
    const above = excess(rate, usedAt(state, rate, now) + amount);
    if (above === 0) return 0;
    const windows = passed(state, rate, now) + Math.ceil(above / rate.capacity);
    return Math.max(0, state[START]! + windows * lengthOf(rate) - now);
  },

  take(state, rate, now, amount) {
    add(state, rate, now, amount);
  },

  settle(state, rate, now, takenAt, difference) {
    if (difference >= 0) {
      add(state, rate, now, difference);
    } else if (takenAt >= state[START]!) {
      // Of a window that is over only that is given back which the next ones were to bear. One before the last take's is
      // forgotten.
      state[USED] = Math.max(0, state[USED]! + difference);
    }
  },

  /** Windows that ended did so by the former rate; the present one is as long as the new says. */
  resize(state, before, _after, now) {
    add(state, before, now, 0);
  },

  cap(state, rate, now, remaining) {
    const missing = rate.capacity - remaining - usedAt(state, rate, now);
    if (missing > 0) add(state, rate, now, missing);
  },
};

function lengthOf(rate: Rate): number {
  return rate.window + rate.guard;
}

/** How many windows have ended since the one in the state started. */
function passed(state: Float64Array, rate: Rate, now: number): number {
  const start = state[START]!;
  const length = lengthOf(rate);
  const windows = Math.max(0, Math.floor((now - start) / length));
  // The quotient is rounded; `wait` is above 0 only if an end is told by a sum, as it is there.
  return start + (windows + 1) * length <= now ? windows + 1 : windows;
}

/** What is used of the window at `now`; 0 when there is none. */
function usedAt(state: Float64Array, rate: Rate, now: number): number {
  // Asked first, since no window has started at -Infinity.
  if (state[USED] === 0) return 0;
  return Math.max(0, state[USED]! - passed(state, rate, now) * rate.capacity);
}

function add(state: Float64Array, rate: Rate, now: number, amount: number): void {
  const used = usedAt(state, rate, now);
  // The start first: half done, what was used before counts for the new window as well.
  state[START] = used > 0 ? state[START]! + passed(state, rate, now) * lengthOf(rate) : now;
  state[USED] = used + amount;
}
