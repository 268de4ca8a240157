import { checkFields } from "../config/check-fields.js";
import { show } from "../config/show.js";
import { CancelledError } from "../errors.js";
import { Future } from "./future.js";
import { containerOf, refuseMore } from "./items.js";
import { Watch, WATCH_OPTIONS, type WatchOptions } from "./watch.js";

/** Options of {@link gather}. */
export interface GatherOptions extends WatchOptions {
  /**
   * Puts the error of a future in the place of its result, instead of rejecting with the first of them. What was thrown
   * and is no `Error` becomes the `cause` of one, so that `instanceof Error` tells which failed.
   * @default false
   */
  returnExceptions?: boolean | undefined;
  /**
   * Cancels the futures that are still pending when `gather` rejects: for one that failed, for the time, or for the
   * signal. Promises cannot be cancelled.
   * @default false
   */
  cancelOnFailure?: boolean | undefined;
}

/** What `gather` takes: an iterable, a Map or a plain object of futures, promises or plain values. */
type Gatherable<T> = T extends PromiseLike<unknown> | AsyncIterable<unknown> | string | ((...args: never[]) => unknown)
  ? never
  : T;

/** The same with their results, each of them perhaps something else as well. */
export type Gathered<T, Else = never> =
  T extends ReadonlyMap<infer K, infer V>
    ? Map<K, Awaited<V> | Else>
    : T extends readonly unknown[]
      ? { -readonly [I in keyof T]: Awaited<T[I]> | Else }
      : T extends Iterable<infer E>
        ? (Awaited<E> | Else)[]
        : { -readonly [K in keyof T]: Awaited<T[K]> | Else };

const GATHER_OPTIONS: readonly string[] = [...WATCH_OPTIONS, "returnExceptions", "cancelOnFailure"];

/**
 * The results of several futures, in their order: an array for an iterable, a Map for a Map, and for a plain object one
 * with the same keys. Promises and plain values may stand among them.
 *
 * The first failure rejects at once, with that very error; the others go on, as in Python, unless `cancelOnFailure` is
 * set, and later errors are nobody's business any more. All items are taken from an iterable before anything is waited
 * for. The cost is linear.
 *
 * @throws {TypeError | RangeError} as a rejection, for futures or options that are not what they must be
 * @throws {TimeoutError} when not all have settled after `timeout` ms; it says how many have
 * @throws the reason of `signal` when it fires
 *
 * @example
 * const digests = await gather(paths.map((path) => pool.hash(path)));
 * const { profile, usage } = await gather({ profile: users.profile(id), usage: billing.usage(id) }, { timeout: 500 });
 *
 * const results = await gather(futures, { returnExceptions: true });
 * const failed = results.filter((result) => result instanceof Error);
 */
export function gather<T extends readonly unknown[] | [] | object>(
  futures: Gatherable<T> & T,
  options?: GatherOptions & { returnExceptions?: false | undefined },
): Promise<Gathered<T>>;
export function gather<T extends readonly unknown[] | [] | object>(
  futures: Gatherable<T> & T,
  options: GatherOptions,
): Promise<Gathered<T, Error>>;
export async function gather(futures: unknown, options: GatherOptions = {}): Promise<unknown> {
  refuseMore("gather", options);
  checkFields("options", options, GATHER_OPTIONS);
  const { items, assemble } = containerOf("gather", futures);
  return assemble(await collect(items, options));
}

function collect(items: readonly unknown[], options: GatherOptions): Promise<unknown[]> {
  const { returnExceptions = false, cancelOnFailure = false } = options;
  return new Promise((resolve, reject) => {
    // As long as the items: it is filled in the order in which they settle.
    const results = Array.from<unknown>({ length: items.length });
    const fail = (error: unknown): void => {
      watch.close(true);
      reject(error as Error);
      if (cancelOnFailure) cancelAll(items, error);
    };
    const watch = new Watch(items, options, GATHER_OPTIONS, {
      verb: "gather",
      settled: (index, outcome) => {
        if (outcome.status === "done") results[index] = outcome.value;
        else if (returnExceptions) results[index] = asError(outcome.error);
        else return fail(outcome.error);
        if (watch.settled === items.length) resolve(results);
      },
      ended: fail,
    });
    watch.open(true);
    if (items.length === 0) resolve(results);
  });
}

function cancelAll(items: readonly unknown[], cause: unknown): void {
  for (const item of items) {
    if (item instanceof Future) {
      item.cancel(new CancelledError("Cannot finish the call as others it was gathered with are given up", { cause }));
    }
  }
}

function asError(error: unknown): Error {
  if (error instanceof Error) return error;
  return new Error(`Cannot return a result as the call threw what is no error: ${show(error)}`, { cause: error });
}
