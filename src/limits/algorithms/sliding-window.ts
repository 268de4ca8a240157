/**
 * A log of what was taken when: at most `capacity` in any half-open window.
 *
 * Owns a ring of (time, weight) pairs, oldest first.
 *
 * S1. Times never fall along the ring, and a pair's time is never before that of a take in it. So its weight may last too
 *     long, never too short.
 * S2. Takes of whole amounts have a pair each, where the ring has two for each of them, as it has up to `MOST_PAIRS` of
 *     the capacity it was made for; those at the same instant share one. Else, and for fractions, those of the same granule
 *     share one: at most one granule of the window is lost by it, of which the ring holds a window's. When the ring is full
 *     all the same, as by debt, the newest pair takes in what comes.
 * S3. `total` is never less than the sum of the weights. It is summed anew when the ring is empty or its head comes round:
 *     neither rounding errors nor what a stopped thread has left undone lasts.
 *
 * State: head and tail (which only grow; modulo the size of the ring they are places in it), total, then the pairs.
 */
import { excess, type Rate } from "../rate.js";
import type { RateAlgorithm } from "../rate-algorithm.js";

const HEAD = 0;
const TAIL = 1;
const TOTAL = 2;
const PAIRS = 3;
const MOST_PAIRS = 2048;
const MOST_INT32 = 2 ** 31 - 1;
/** For the sake of fractions, and of a capacity that grows: a granule is at most this part of a window. */
const FEWEST_GRANULES = 255;

/** At most `capacity` in any `window` ms. */
export const slidingWindow: RateAlgorithm = {
  name: "sliding-window",

  size: (rate) => PAIRS + 2 * pairsFor(rate),

  reset(state) {
    state[HEAD] = 0;
    state[TAIL] = 0;
    state[TOTAL] = 0;
  },

  available(state, rate, now) {
    const tail = state[TAIL]!;
    let total = state[TOTAL]!;
    let head = state[HEAD]!;
    for (; head < tail && hasExpired(state, rate, now, head); head += 1) total -= weightAt(state, head);
    return head === tail ? rate.capacity : rate.capacity - total;
  },

  wait(state, rate, now, amount) {
    if (excess(rate, amount) > 0) return Number.POSITIVE_INFINITY;
    const tail = state[TAIL]!;
    let total = state[TOTAL]!;
    if (excess(rate, total + amount) === 0) return 0;
    for (let pair = state[HEAD]!; pair < tail; pair += 1) {
      total -= weightAt(state, pair);
      // After the last everything fits, whatever rounding left of the total.
      if (pair === tail - 1 || excess(rate, total + amount) === 0) {
        return Math.max(0, state[placeOf(state, pair)]! + lifeOf(rate) - now);
      }
    }
    return 0;
  },

  take(state, rate, now, amount) {
    dropExpired(state, rate, now);
    add(state, rate, now, amount);
  },

  settle(state, rate, now, takenAt, difference) {
    dropExpired(state, rate, now);
    const pair = firstSince(state, takenAt);
    const isGone = pair === state[TAIL]! || takenAt + lifeOf(rate) <= now;
    if (difference < 0) {
      if (!isGone) giveBack(state, pair, -difference);
    } else if (isGone) {
      add(state, rate, now, difference);
    } else {
      addTo(state, pair, difference);
    }
  },

  postpone(state, rate, since, until, amount) {
    dropExpired(state, rate, since);
    const first = firstSince(state, since);
    const end = firstSince(state, until);
    const sum = sumOf(state, first, end);
    if (amount >= sum && end === state[TAIL]!) {
      // The newest first, so that times never fall along the ring.
      for (let pair = end - 1; pair >= first; pair -= 1) state[placeOf(state, pair)] = until;
      return;
    }
    // Others have taken meanwhile, whose takes stay where they are: were they moved as well, then while several overlap
    // without a gap each would be moved again and again. What is taken from the oldest of them is never too late for it.
    const moved = Math.min(amount, sum);
    if (moved === 0) return;
    if (end === state[TAIL]!) add(state, rate, until, moved);
    else addTo(state, end, moved);
    giveBack(state, first, moved);
  },

  cap(state, rate, now, remaining) {
    dropExpired(state, rate, now);
    const missing = rate.capacity - remaining - state[TOTAL]!;
    if (missing > 0) add(state, rate, now, missing);
  },
};

/** How long an entry lasts, in ms. */
function lifeOf(rate: Rate): number {
  return rate.window + rate.guard;
}

/** One more than granules in the life of an entry, as it begins and ends within one. */
function pairsFor(rate: Rate): number {
  const whole = Math.ceil(rate.capacity);
  // Twice: a take that has a pair of its own and is postponed behind others leaves it empty.
  return whole <= MOST_PAIRS ? Math.max(FEWEST_GRANULES + 1, 2 * whole) : MOST_PAIRS + 1;
}

/** The size of the ring: that of the rate it was made for. */
function pairsIn(state: Float64Array): number {
  return (state.length - PAIRS) >> 1;
}

/** Where a pair's time is in the state; its weight follows. */
function placeOf(state: Float64Array, pair: number): number {
  const size = pairsIn(state);
  // The remainder of integers is found many times faster than that of other numbers.
  return PAIRS + 2 * (pair < MOST_INT32 ? (pair | 0) % size : pair % size);
}

function weightAt(state: Float64Array, pair: number): number {
  return state[placeOf(state, pair) + 1]!;
}

function hasExpired(state: Float64Array, rate: Rate, now: number, pair: number): boolean {
  return state[placeOf(state, pair)]! + lifeOf(rate) <= now;
}

function dropExpired(state: Float64Array, rate: Rate, now: number): void {
  const from = state[HEAD]!;
  const tail = state[TAIL]!;
  let head = from;
  let dropped = 0;
  while (head < tail && (hasExpired(state, rate, now, head) || weightAt(state, head) === 0)) {
    dropped += weightAt(state, head);
    head += 1;
  }
  if (head > from) {
    // The head first: half done, the total is too high.
    state[HEAD] = head;
    const size = pairsIn(state);
    const cameRound = Math.floor(head / size) > Math.floor(from / size);
    state[TOTAL] = cameRound ? sumOf(state, head, tail) : state[TOTAL]! - dropped;
  }
  if (head === tail) state[TOTAL] = 0;
}

function sumOf(state: Float64Array, head: number, tail: number): number {
  let sum = 0;
  for (let pair = head; pair < tail; pair += 1) sum += weightAt(state, pair);
  return sum;
}

function add(state: Float64Array, rate: Rate, now: number, amount: number): void {
  if (amount === 0) return;
  const tail = state[TAIL]!;
  // The total first: half done, it is too high.
  state[TOTAL] = state[TOTAL]! + amount;
  if (isShared(state, rate, now, amount)) {
    const newest = placeOf(state, tail - 1);
    if (state[newest]! < now) state[newest] = now;
    state[newest + 1] = state[newest + 1]! + amount;
    return;
  }
  const place = placeOf(state, tail);
  state[place] = now;
  state[place + 1] = amount;
  state[TAIL] = tail + 1;
}

/** Adds to a pair that is there. */
function addTo(state: Float64Array, pair: number, amount: number): void {
  state[TOTAL] = state[TOTAL]! + amount;
  const place = placeOf(state, pair);
  state[place + 1] = state[place + 1]! + amount;
}

/** Tells whether what is added goes into the newest pair (S2). */
function isShared(state: Float64Array, rate: Rate, now: number, amount: number): boolean {
  const tail = state[TAIL]!;
  const count = tail - state[HEAD]!;
  if (count === 0) return false;
  const newest = state[placeOf(state, tail - 1)]!;
  const size = pairsIn(state);
  if (newest >= now || count === size) return true;
  if (2 * rate.capacity <= size && Number.isInteger(amount)) return false;
  const granule = lifeOf(rate) / (size - 1);
  return Math.floor(newest / granule) === Math.floor(now / granule);
}

/** The first pair of that time or later; the tail when there is none. */
function firstSince(state: Float64Array, time: number): number {
  let low = state[HEAD]!;
  let high = state[TAIL]!;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (state[placeOf(state, middle)]! >= time) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Gives back from this pair on: the take's own may have been postponed behind others. */
function giveBack(state: Float64Array, from: number, refund: number): void {
  const head = state[HEAD]!;
  let tail = state[TAIL]!;
  let left = refund;
  for (let pair = from; pair < tail && left > 0; pair += 1) {
    const place = placeOf(state, pair);
    const given = Math.min(state[place + 1]!, left);
    state[place + 1] = state[place + 1]! - given;
    state[TOTAL] = state[TOTAL]! - given;
    left -= given;
  }
  while (tail > head && weightAt(state, tail - 1) === 0) tail -= 1;
  state[TAIL] = tail;
  if (tail === head) state[TOTAL] = 0;
}
