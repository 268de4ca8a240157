import type { Clock } from "../config/monotonic.js";
import { show } from "../config/show.js";
import type { LimitMemory } from "./limit-memory.js";

/** How something that took from a limit ended, for limits that adapt to it. */
export type Outcome = "success" | "ignored" | "dropped";

export const OUTCOMES: readonly Outcome[] = ["success", "ignored", "dropped"];

/** One limit as statistics show it. */
export interface LimitStats {
  readonly key: string;
  readonly kind: "rate" | "resource" | "adaptive";
  /** What can be taken at most: in a window, or at once. */
  readonly capacity: number;
  /** What is taken now, debt included. */
  readonly inUse: number;
  /** `inUse` as a share of `capacity`. */
  readonly utilization: number;
}

/** Somebody whose turn it is and who cannot be served yet. */
export interface Claim {
  /** Lower came earlier, in all sets. */
  readonly order: number;
  /** Later ones that went before it so far. */
  overtaken: number;
}

/** What makes a limit in another thread that reads and writes the same numbers. */
export interface LimitTicket {
  readonly kind: "rate" | "resource";
  readonly options: object;
  readonly buffer: SharedArrayBuffer;
  /** Where the other thread counts what it holds. */
  readonly row: number;
}

/**
 * What a limit set asks of a limit: arithmetic over (state, now, amount). Who waits, and in which order, is the set's.
 *
 * Amounts are numbers of the limit's own unit; times are of the machine's monotonic clock, in ms.
 */
export interface LimitCore {
  readonly kind: LimitStats["kind"];
  readonly key: string;
  /** What a request takes that does not say; `undefined` when it must say. */
  readonly fallback: number | undefined;
  /** The largest amount one request may ask for. */
  readonly largest: number;
  readonly memory: LimitMemory;
  /** Those whose turn it is in their set, and who wait for this limit among others. */
  readonly claims: Claim[];
  /** Told when something was given back that others may be waiting for. */
  readonly watchers: Set<() => void>;
  /** Told when `largest` has changed: what some wait for may never be there any more. */
  readonly resized: Set<() => void>;
  /** What the times of a change from outside any set are of; only where they matter. */
  clock?: Clock;
  /** Ms until `amount` can be taken; `Infinity` when only somebody giving back can help. */
  wait(now: number, amount: number): number;
  take(now: number, amount: number, row: number): void;
  /** Ends the use of what was taken at `takenAt`; `true` when others may take something now. */
  giveBack(now: number, takenAt: number, amount: number, row: number, outcome: Outcome): boolean;
  /** What was taken at `takenAt` turns out to be `difference` more, or less; `true` when others may take something now. */
  settle(now: number, takenAt: number, difference: number, row: number): boolean;
  /** Of what was taken from `since` on, `amount` began at `until` at the latest; only where the time of a take matters. */
  readonly postpone?: ((since: number, until: number, amount: number) => void) | undefined;
  /** The server says that only `remaining` is left, for `resetAfter` ms where it says that too. Never raises. */
  cap(now: number, remaining: number, resetAfter: number | undefined): void;
  stats(now: number): LimitStats;
  /** What another thread needs to take from it by itself; `undefined` when that is not possible. */
  ticket(): LimitTicket | undefined;
  /** Gives back what the holder of a row held. */
  abandonRow(row: number): void;
}

/** Tells those whom it concerns that `largest` has changed. */
export function announceSize({ resized, watchers }: LimitCore): void {
  for (const listener of Array.from(resized)) listener();
  for (const watcher of Array.from(watchers)) watcher();
}

/** Tells those who watch these limits; each once, however many of them it watches, as it looks at all of them. */
export function tellWatchers(freed: readonly LimitCore[]): void {
  for (let index = 0; index < freed.length; index += 1) {
    for (const watcher of freed[index]!.watchers) if (!isToldBy(freed, index, watcher)) watcher();
  }
}

/** Whether it watches one of the limits before this one. */
function isToldBy(freed: readonly LimitCore[], before: number, watcher: () => void): boolean {
  for (let index = 0; index < before; index += 1) if (freed[index]!.watchers.has(watcher)) return true;
  return false;
}

/** Listens until what is returned is called: told which of the limits has another `largest`, and what that is. */
export function onSizes(cores: readonly LimitCore[], listener: (index: number, largest: number) => void): () => void {
  const listeners = cores.map((core, index) => () => listener(index, core.largest));
  for (const [index, { resized }] of cores.entries()) resized.add(listeners[index]!);
  return () => {
    for (const [index, { resized }] of cores.entries()) resized.delete(listeners[index]!);
  };
}

/**
 * Checks a new capacity.
 * @throws {RangeError} when a request that does not say would take more
 */
export function checkFallback({ key, fallback, largest }: LimitCore, capacity: number): void {
  if (fallback === undefined || capacity >= fallback || largest < fallback) return;
  throw new RangeError(
    `Cannot set the capacity of '${key}' as a request that does not say takes ${fallback}: current value is ${capacity}`,
  );
}

/** Where the core of a public limit is found. */
export const CORE = Symbol("core");

/** Any limit: a `CallLimit`, `RateLimit`, `ResourceLimit` or `AdaptiveLimit`. */
export interface Limit {
  readonly key: string;
  readonly [CORE]: LimitCore;
}

/** @throws {RangeError} when it is not a finite number above 0 */
export function checkCapacity(name: string, value: number): number {
  if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
  throw new RangeError(`Cannot set '${name}' as it must be a finite number above 0: current value is ${show(value)}`);
}

/** @throws {TypeError} when it is not a string with something in it */
export function checkKey(key: string): string {
  if (typeof key === "string" && key !== "") return key;
  throw new TypeError(`Cannot set 'key' as it must be a name, as in 'tokens': current value is ${show(key)}`);
}
