/**
 * The monotonic time in ms, read as seldom as can be: a reading costs as much as all else that is done at one end of a call.
 *
 * A reading counts until `pass()`, or until the end of the turn in which `turnNow` or `untilTurn` was called.
 */
let now = 0;
let isFresh = false;
/** Whether something has just ended that was not timed. */
let isUntimed = false;
let isExpiring = false;
const expire = (): void => {
  isFresh = false;
  isUntimed = false;
  isExpiring = false;
};
const settled = Promise.resolve();

/**
 * The time, read once for all that runs in a row: thousands of calls are often made, or answered, by continuations that one
 * message has set off.
 */
export function turnNow(): number {
  if (!isFresh) {
    now = performance.now();
    isFresh = true;
    untilTurn();
  }
  return now;
}

/** The exact time, which counts until `pass()`. */
export function readNow(): number {
  now = performance.now();
  isFresh = true;
  return now;
}

/** What was read, where it still counts, else the exact time. */
export function lastNow(): number {
  return isFresh ? now : performance.now();
}

/** Somebody else's code has run: what was read does not count any more. */
export function pass(): void {
  isFresh = false;
  isUntimed = false;
}

/** What was read last, whenever that was. */
export function lastReading(): number {
  return now;
}

/** Something has ended that was not timed: so it is, until `pass()`, with what is told of its end. */
export function endUntimed(): void {
  isUntimed = true;
}

/** When that ended which is over now, as `turnNow` tells; `undefined` where it was not timed. */
export function endOfRun(): number | undefined {
  return isUntimed ? undefined : turnNow();
}

// As it is when the library loads: a program may replace its globals, as fake timers do.
const nextTurn = setImmediate;
let turn = 0;
let isCounting = false;

/** The number of this turn of the event loop, for `isTurn`. */
export function thisTurn(): number {
  if (!isCounting) {
    isCounting = true;
    nextTurn(() => {
      isCounting = false;
      turn += 1;
    });
  }
  return turn;
}

/** Whether it is still the turn that had this number. */
export function isTurn(number: number): boolean {
  return turn === number;
}

/** What was read counts until the end of the turn at most. */
export function untilTurn(): void {
  if (isExpiring) return;
  isExpiring = true;
  // Cheaper than a tick of its own, which would be a good part of a call that is alone in its turn.
  void settled.then(expire);
}
