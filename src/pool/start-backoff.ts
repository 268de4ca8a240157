/** How many starts in a row may end in the worker's death before its calls are told. */
export const STARTS = 3;

const FIRST_MS = 100;
const LONGEST_MS = 10_000;

/** The pause before the next start, in ms: doubled after each failure. */
export function nextBackoff(failures: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
}
