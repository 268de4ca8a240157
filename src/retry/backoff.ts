/** How long a call waits until it is made again; without a clock, and with chance passed in. */
import { duration } from "../config/duration.js";

/** What the functions that decide on a retry are told of the attempt that failed. */
export interface RetryContext {
  /** What the attempt threw, or a `RetryValidationError` when `until` refused what it returned. */
  readonly error: unknown;
  /** Which attempt just ended, from 1. */
  readonly attempt: number;
  /** The time since the call was made, in ms. */
  readonly elapsed: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** How waits grow, by name. */
export type BackoffName = "exponential" | "linear" | "fibonacci";

/** How waits grow, or a function that returns each in ms. */
export type Backoff = BackoffName | ((context: RetryContext) => number);

export const BACKOFFS: readonly BackoffName[] = ["exponential", "linear", "fibonacci"];

/** What the waits between the attempts of a call follow from. */
export interface BackoffSettings {
  readonly backoff: Backoff;
  /** The wait before the first retry, in ms. */
  readonly wait: number;
  /** The longest wait, in ms. */
  readonly maxWait: number;
  /** The random part of each wait, from 0 to 1. */
  readonly jitter: number;
}

/**
 * Returns how long to wait after a failed attempt, in ms.
 *
 * A named backoff gives more than (1 - `jitter`), and at most 1, times the wait it grows to, which `maxWait` bounds
 * first. What a function returns is bounded alone.
 *
 * @param attempt - the one that failed, from 1
 * @param random - as `Math.random`: from 0, and below 1
 * @throws {RangeError} when a function returns anything but a number of ms; and whatever it throws
 */
export function backoffDelay(
  settings: BackoffSettings,
  attempt: number,
  random: () => number,
  context: RetryContext,
): number {
  const { backoff, wait, maxWait, jitter } = settings;
  if (typeof backoff === "function") return Math.min(maxWait, duration("backoff", backoff(context)));
  const delay = Math.min(maxWait, wait * growth(backoff, attempt));
  return jitter === 0 ? delay : delay * (1 - jitter * random());
}

/** Far beyond any cap, and still a finite factor: 0 ms times infinity would not be a number. */
const LAST_GROWTH = 1000;

function growth(backoff: BackoffName, attempt: number): number {
  switch (backoff) {
    case "exponential":
      return 2 ** (Math.min(attempt, LAST_GROWTH) - 1);
    case "linear":
      return attempt;
    case "fibonacci":
      return fibonacci(Math.min(attempt, LAST_GROWTH));
  }
}

/** 1, 1, 2, 3, 5, … */
function fibonacci(n: number): number {
  let [current, next] = [1, 1];
  for (let index = 1; index < n; index += 1) [current, next] = [next, current + next];
  return current;
}
