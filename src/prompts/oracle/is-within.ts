import type { Clock } from "../../config/monotonic.js";

/** Whether a promise settles within so many ms; it is let go of otherwise. */
export async function isWithin(ms: number, clock: Clock, promise: Promise<unknown>): Promise<boolean> {
  let forget!: () => void;
  const late = new Promise<false>((resolve) => {
    forget = clock.after(ms, () => resolve(false));
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  const isSettled = await Promise.race([settled, late]);
  forget();
  return isSettled;
}
