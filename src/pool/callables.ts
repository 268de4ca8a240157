/** Functions that make calls of a pool when they are called, such as `pool.hash`, and what is behind them. */
import { realOf } from "../config/lazy.js";
import type { OutcomeTaker } from "./call.js";
import type { PoolCore } from "./pool-core.js";

/** Makes a call with these arguments whose outcome is given to `taker`: what the function itself does, without a future. */
export type MakeCall = (args: readonly unknown[], taker: OutcomeTaker) => MadeCall;

/** A call that was made. */
export interface MadeCall {
  /** Ends it, if it is not over. */
  cancel(reason: unknown): void;
}

/** What is behind a function that makes calls. */
export interface Callable {
  /** As in `Hasher.hash`. */
  readonly label: string;
  /** Calls that keep all workers of the pool busy. */
  capacity(): number;
  /** Where the function makes one call of its arguments and returns its future. */
  readonly makeCall?: MakeCall | undefined;
}

const callables = new WeakMap<object, Callable>();

/** Remembers that a function makes calls of a pool. */
export function rememberCallable<F extends object>(fn: F, callable: Callable): F {
  callables.set(fn, callable);
  return fn;
}

/** What is behind a function, where it makes calls of a pool. Its arguments are sent: nothing must be added to them. */
export function callableOf(fn: unknown): Callable | undefined {
  return typeof fn === "function" ? callables.get(realOf(fn)) : undefined;
}

/** What counts as keeping a worker busy that runs any number of calls at once. */
const UNBOUNDED_CONCURRENCY = 16;
/** Handed ahead, for the same, however many that may be. */
const MOST_AHEAD = 100;

/** Calls that keep all workers of a pool busy: what they run at once, and what is handed to them ahead of time. */
export function busyWith({ options, liveSlots }: Pick<PoolCore, "options" | "liveSlots">): number {
  const { mode, concurrency, maxQueuedTasks, isElastic, onDemand, max } = options;
  const workers = isElastic || onDemand ? Math.max(max, liveSlots.length) : liveSlots.length;
  const atOnce = concurrency === Number.POSITIVE_INFINITY ? UNBOUNDED_CONCURRENCY : concurrency;
  // One at least, as a worker must not wait for its caller to make the next call; none in `sync` mode, which has none.
  const ahead = mode === "sync" ? 0 : Math.max(1, Math.min(maxQueuedTasks, MOST_AHEAD));
  return Math.max(1, workers) * (atOnce + ahead);
}
