let now = 0;
let isFresh = false;
const expire = (): void => {
  isFresh = false;
};
const settled = Promise.resolve();

/**
 * The monotonic time in ms, read once for all that runs in a row: thousands of calls are often made, or answered, by
 * continuations that one message has set off.
 */
export function turnNow(): number {
  if (!isFresh) {
    now = performance.now();
    isFresh = true;
    // Cheaper than a tick of its own, which would be a good part of a call that is alone in its turn.
    void settled.then(expire);
  }
  return now;
}
