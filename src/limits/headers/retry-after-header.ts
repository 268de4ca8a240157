import { believableWait } from "./believable-wait.js";
import type { HeaderLines } from "./header-lines.js";
import { longestWait } from "./longest-wait.js";
import { readNumber } from "./read-number.js";
import { timeUntil } from "./time-until.js";

/**
 * The ms that `retry-after-ms`, or else `retry-after`, asks to wait; of several values the longest.
 *
 * @param wallNow ms since 1970
 */
export function retryAfterHeader(lines: HeaderLines, wallNow: number): number | undefined {
  return (
    longestWait(lines.get("retry-after-ms"), (item) => believableWait(readNumber(item))) ??
    longestWait(lines.get("retry-after"), (item) => timeUntil(item, wallNow))
  );
}
