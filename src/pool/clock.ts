let now = 0;
let isFresh = false;
const expire = (): void => {
  isFresh = false;
};

/** The monotonic time in ms, read once per turn of the event loop: thousands of calls are often made in one. */
export function turnNow(): number {
  if (!isFresh) {
    now = performance.now();
    isFresh = true;
    process.nextTick(expire);
  }
  return now;
}
