/**
 * Pools whose methods return their result itself: the caller blocks until it is there.
 *
 * In `sync` mode that is the method's own return. For threads and processes an ordinary pool runs in a helper thread,
 * the bridge, whose event loop is free while the caller is parked on `Atomics.wait`: so a worker that dies, a timeout or
 * a replacement is dealt with just as in any other pool, and the caller always wakes up.
 */
import { peek } from "../future/future.js";
import { unwrapSettled } from "../future/unwrap.js";
import type { CallOptions } from "./options.js";
import { checkCallOptions, checkStop, type ElasticSize, type PoolOptions } from "./options.js";
import { rememberCallable } from "./callables.js";
import { Bridge } from "./bridge.js";
import { effectiveOptions } from "./effective-options.js";
import { openPool, type PoolSource } from "./open-pool.js";
import type { MethodInfo } from "./method-plan.js";
import type { MethodKey } from "./pool.js";
import type { PoolCore } from "./pool-core.js";
import type { PoolStats } from "./pool-stats.js";

/** The methods of a worker that return their results, not futures; a generator method returns an iterable. */
export type BlockingMethods<W extends object> = {
  readonly [K in keyof W as MethodKey<W, K>]: W[K] extends (...args: infer P) => infer R
    ? (...args: P) => BlockingResult<R>
    : never;
};

type BlockingResult<R> =
  R extends AsyncGenerator<infer Y, unknown, unknown>
    ? IterableIterator<Y>
    : R extends Generator<infer Y, unknown, unknown>
      ? IterableIterator<Y>
      : Awaited<R>;

/** A pool made with `blocking: true`. */
export type BlockingPool<W extends object> = BlockingMethods<W> & {
  /** The same pool, making calls with these options; `signal` cannot fire while the caller blocks and is refused. */
  with(options: Omit<CallOptions, "signal" | "transfer">): BlockingMethods<W>;
  stats(): PoolStats;
  resize(size: number | ElasticSize): void;
  /** Blocks until running calls are over, at most `timeout` ms, and the workers gone. */
  stop(options?: { timeout?: number }): void;
  [Symbol.dispose](): void;
};

/** What carries out the calls of a blocking pool. */
export interface BlockingBackend {
  call(method: MethodInfo, args: readonly unknown[], options: CallOptions): unknown;
  stats(): PoolStats;
  resize(size: number | ElasticSize): void;
  stop(timeout: number | undefined): void;
}

/**
 * @throws {TypeError} in `async` mode, where nobody else could do the work while the caller waits
 */
export function openBlockingPool(
  source: PoolSource,
  explicit: PoolOptions,
  args: readonly unknown[],
): BlockingPool<object> {
  const options = effectiveOptions(explicit, source.defaults);
  if (options.mode === "async") {
    throw new TypeError(
      "Cannot set 'blocking' in mode 'async' as its calls run in the event loop that would be blocked: use 'thread'",
    );
  }
  const backend =
    options.mode === "sync"
      ? new SyncBackend(openPool(source, { ...explicit, blocking: false }, args))
      : new Bridge(source, explicit, args);
  return poolOver(backend, source.methods);
}

function poolOver(backend: BlockingBackend, methods: readonly MethodInfo[]): BlockingPool<object> {
  const view = (options: CallOptions): object =>
    Object.fromEntries(
      methods.map((method) => [
        method.name,
        // One after the other: the caller waits for each.
        rememberCallable((...args: unknown[]) => backend.call(method, unwrapSettled(args), options), {
          label: method.name,
          capacity: () => 1,
        }),
      ]),
    );
  const stop = (options?: { timeout?: number }): void => backend.stop(checkStop(options));
  return Object.assign(view({}), {
    with: (options: CallOptions) => {
      checkCallOptions(options);
      if (options.signal || options.transfer) {
        const name = options.signal ? "signal" : "transfer";
        throw new TypeError(`Cannot set '${name}' for a pool that blocks`);
      }
      return view({ ...options });
    },
    stats: () => backend.stats(),
    resize: (size: number | ElasticSize) => backend.resize(size),
    stop,
    [Symbol.dispose]: () => stop(),
  });
}

class SyncBackend implements BlockingBackend {
  readonly #core: PoolCore;

  constructor(core: PoolCore) {
    this.#core = core;
  }

  call(method: MethodInfo, args: readonly unknown[], options: CallOptions): unknown {
    if (method.isStream) throw new TypeError(`Cannot block on '${method.name}' in mode 'sync' as it is a stream`);
    const { future } = this.#core.submit(this.#core.kindOf(method, options, {}), args);
    const outcome = peek(future);
    if (outcome?.status === "done") return outcome.value;
    if (outcome) {
      void future.exception();
      throw outcome.error;
    }
    throw new TypeError(
      `Cannot return the result of '${method.name}' in mode 'sync' as it is not there yet: the method is asynchronous, or ` +
        "waits for a limit or a retry: use mode 'thread'",
    );
  }

  stats(): PoolStats {
    return this.#core.stats();
  }

  resize(size: number | ElasticSize): void {
    this.#core.resize(size);
  }

  stop(timeout: number | undefined): void {
    void this.#core.stop(timeout);
  }
}
