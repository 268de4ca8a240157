import { show } from "../config/show.js";
import { checkFields } from "../config/check-fields.js";
import { keepShape } from "../config/keep-shape.js";
import { sharedController } from "../config/shared-controller.js";
import { Future } from "../future/future.js";
import { callableOf, type MakeCall } from "../pool/callables.js";
import type { ProgressOption } from "../progress/open-progress.js";
import type { ProgressBarOptions } from "../progress/progress-bar.js";
import { cancelledBy } from "./cancelled-by.js";
import { FlowProgress } from "./flow-progress.js";
import { Engine, isThenable, PLACED, type Work } from "./map-engine.js";
import type { Place } from "./place.js";
import { flag, FLOW_OPTIONS, type FlowOptions, resolveFlow } from "./map-options.js";
import { type AnyIterable, openSource, sizeOf } from "./map-source.js";
import { Mapping } from "./mapping.js";

/** Options of {@link map}. */
export interface MapOptions extends FlowOptions {
  /** Ends the mapping when it fires: it rejects with the signal's reason at once. */
  signal?: AbortSignal | undefined;
  /** Whether an item that fails has a result as the others do, and ends nothing. Default: false. */
  settled?: boolean | undefined;
  /** Shows a bar of the results that were taken, called as the function is: `true`, or options of the bar. Default: false. */
  progress?: ProgressOption | undefined;
}

/** What a function is told beside its item. */
export interface MapContext {
  /** The position of the item in the source, from 0. */
  readonly index: number;
  /** Fires when the mapping ends early: another item failed, its reader left, or its own signal fired. */
  readonly signal: AbortSignal;
}

/** How one item of a mapping with `settled: true` ended; `item` is what the source gave. */
export type SettledItem<T, R> =
  | { readonly status: "fulfilled"; readonly value: R; readonly item: T; readonly index: number }
  | { readonly status: "rejected"; readonly reason: unknown; readonly item: T; readonly index: number };

const MAP_OPTIONS: readonly string[] = Object.keys({
  ...FLOW_OPTIONS,
  signal: true,
  settled: true,
  progress: true,
} satisfies Record<keyof MapOptions, true>);

/**
 * Calls a function for each item of anything that can be iterated, several at once: await the result for an array, or
 * iterate it, in which case items are taken from the source only as results are, up to `window` ahead. Memory stays
 * constant however many items there are, and nothing begins before it is awaited or iterated.
 *
 * Items may be promises; each is awaited in its turn. The function may be a method of a pool or a task, which is given
 * the item alone; any other is given `{ index, signal }` too. Futures that it returns are cancelled when the mapping
 * ends early.
 *
 * The first failure, of an item or of the source, ends it: the source is closed, the signal of what is in flight fires,
 * and the mapping rejects without waiting for that. Iterated, it gives what is done and next in order before it rejects.
 * With `settled: true` each item has a result, also one that fails; a failure of the source still ends it.
 *
 * Awaited, all items are taken as fast as they are worked on, and the results are kept, as there is no reader to wait
 * for. A function that returns without a promise is called only when its result is wanted.
 *
 * @throws {TypeError | RangeError} for a source that cannot be iterated, and for options that are not valid
 * @example
 * const pages = await map(urls, (url, { signal }) => fetch(url, { signal }), { concurrency: 8 });
 * for await (const digest of map(walk("/data"), pool.hash)) console.log(digest);
 */
export function map<T, R>(
  source: AnyIterable<T>,
  fn: (item: Awaited<T>, context: MapContext) => R,
  options: MapOptions & { settled: true },
): Mapping<SettledItem<T, Awaited<R>>>;
export function map<T, R>(
  source: AnyIterable<T>,
  fn: (item: Awaited<T>, context: MapContext) => R,
  options?: MapOptions & { settled?: false | undefined },
): Mapping<Awaited<R>>;
// What more a method of a pool may be given, it is not.
export function map<T, R>(
  source: AnyIterable<T>,
  fn: (item: Awaited<T>) => R,
  options: MapOptions & { settled: true },
): Mapping<SettledItem<T, Awaited<R>>>;
export function map<T, R>(
  source: AnyIterable<T>,
  fn: (item: Awaited<T>) => R,
  options?: MapOptions & { settled?: false | undefined },
): Mapping<Awaited<R>>;
export function map(
  source: AnyIterable<unknown>,
  fn: (item: never, context: MapContext) => unknown,
  options: MapOptions = {},
): Mapping<unknown> {
  checkFields("options", options, MAP_OPTIONS);
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot map with a value that is no function: current value is ${show(fn)}`);
  }
  const { signal } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`Cannot set 'signal' as it must be an AbortSignal: current value is ${show(signal)}`);
  }
  const isSettled = flag("settled", options.settled, false);
  const flow = resolveFlow("", options, fn);
  const items = openSource("the source of a mapping", source);
  const own: ItemFunction = fn as (item: unknown, context: MapContext) => unknown;
  const work = isSettled ? new SettledWork(own) : new MapWork(own);
  const progress = new FlowProgress(options.progress, barOf(source, fn), signal);
  return new Mapping({
    name: "the mapping",
    signal,
    open: (isAwaited) => {
      progress.open();
      // No reader waits for the results: nothing has to wait for one.
      const window = isAwaited && options.window === undefined ? Number.POSITIVE_INFINITY : flow.window;
      return new Engine(items, work, { ...flow, window });
    },
    ...(options.progress && {
      onResult: (result) => progress.advance(1, isSettled && isRejected(result) ? "failure" : "success"),
      onEnd: (ending) => progress.end(ending),
    }),
  });
}

/** The function names the bar, if it has a name. */
function barOf(source: unknown, fn: { readonly name: string }): ProgressBarOptions {
  const total = sizeOf(source);
  return { description: callableOf(fn)?.label ?? fn.name, ...(total !== undefined && { total }) };
}

function isRejected(result: unknown): boolean {
  return (result as SettledItem<unknown, unknown>).status === "rejected";
}

type ItemFunction = (item: unknown, context: MapContext) => unknown;

/** Runs the function; the value is the result, and a failure ends the mapping. */
class MapWork implements Work<unknown, unknown> {
  readonly #fn: ItemFunction;
  readonly #isCallable: boolean;
  readonly #makeCall: MakeCall | undefined;
  #controller: AbortController | undefined;
  #isStopped = false;
  #reason: unknown;

  constructor(fn: ItemFunction) {
    this.#fn = fn;
    const callable = callableOf(fn);
    this.#isCallable = callable !== undefined;
    this.#makeCall = callable?.makeCall;
  }

  begin(item: unknown, index: number, place: Place<unknown>): unknown {
    if (isThenable(item)) return this.#callLater(item, index);
    if (this.#makeCall === undefined) return this.#call(item, index);
    place.call(this.#makeCall, item);
    return PLACED;
  }

  done(_item: unknown, value: unknown, _index: number): unknown {
    return value;
  }

  failed(_item: unknown, error: unknown, _index: number): unknown {
    throw error;
  }

  stop(reason: unknown): void {
    this.#isStopped = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }

  /** Made when somebody asks for it: most functions do not. */
  get signal(): AbortSignal {
    this.#controller ??= sharedController();
    if (this.#isStopped) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  /** By the time it arrives nobody may want it any more. */
  async #callLater(item: PromiseLike<unknown>, index: number): Promise<unknown> {
    const value = await item;
    if (this.#isStopped) throw this.#reason;
    const begun = this.#call(value, index);
    return begun instanceof Future ? cancelledBy(this.signal, begun) : begun;
  }

  #call(item: unknown, index: number): unknown {
    // What a function of a pool is given is sent: there, a context would be an argument too many.
    if (this.#isCallable) return (this.#fn as (item: unknown) => unknown)(item);
    return this.#fn(item, new ItemContext(index, this));
  }
}

/** Makes a result of each ending. */
class SettledWork extends MapWork {
  override done(item: unknown, value: unknown, index: number): unknown {
    return { status: "fulfilled", value, item, index };
  }

  override failed(item: unknown, error: unknown, index: number): unknown {
    return { status: "rejected", reason: error, item, index };
  }
}

class ItemContext implements MapContext {
  readonly index: number;
  readonly #work: MapWork;

  static {
    keepShape(new ItemContext(0, new MapWork(() => undefined)));
  }

  constructor(index: number, work: MapWork) {
    this.index = index;
    this.#work = work;
  }

  get signal(): AbortSignal {
    return this.#work.signal;
  }
}
