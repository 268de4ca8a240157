import { readFileSync } from "node:fs";

/**
 * Begins to watch; the returned function tells how long the main thread has run since, in ms. Where the system does not
 * tell of single threads, it is the time that has passed.
 */
export function mainThreadTime(): () => number {
  const before = readMs() ?? performance.now();
  return () => (readMs() ?? performance.now()) - before;
}

function readMs(): number | undefined {
  try {
    const [nanoseconds] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ", 1);
    return Number(nanoseconds) / 1e6;
  } catch {
    return undefined;
  }
}
