/** The object a user holds: methods of the worker class, each making a call, beside the members every pool has. */
import { inspect } from "node:util";
import type { Args } from "../future/arg.js";
import type { Future } from "../future/future.js";
import type { Stream } from "../future/stream.js";
import { normalizeTransfer } from "../wire/transfer.js";
import type { CallTraits } from "./call.js";
import type { CallKind } from "./call-kind.js";
import { busyWith, type MakeCall, rememberCallable } from "./callables.js";
import type { PoolEvents } from "./events.js";
import type { ReservedMember } from "./methods.js";
import { type CallOptions, checkCallOptions, checkStop, type ElasticSize } from "./options.js";
import { openStream } from "./open-stream.js";
import type { MethodInfo } from "./method-plan.js";
import type { PoolCore } from "./pool-core.js";
import type { PoolStats } from "./pool-stats.js";

/** What a call of a method returning `R` gives: a stream of what it yields, or a future of what it resolves to. */
export type CallResult<R> = 0 extends 1 & R
  ? Future<R>
  : [R] extends [never]
    ? Future<never>
    : R extends AsyncGenerator<infer Y, unknown, unknown>
      ? Stream<Y>
      : R extends Generator<infer Y, unknown, unknown>
        ? Stream<Y>
        : Future<Awaited<R>>;

/**
 * The key, where a pool has a method of that name. In `[K in keyof W as MethodKey<W, K>]` each member comes from one of the
 * class: so editors show what that says of itself, and lead to it.
 */
export type MethodKey<W extends object, K extends keyof W> = K extends ReservedMember | symbol
  ? never
  : W[K] extends (...args: never[]) => unknown
    ? K & string
    : never;

/** The methods of a worker, as a pool of it has them. */
export type PoolMethods<W extends object> = {
  readonly [K in keyof W as MethodKey<W, K>]: W[K] extends (...args: infer P) => infer R
    ? (...args: Args<P>) => CallResult<R>
    : never;
};

/** The methods of a worker, but for those that stream, called on each worker of a pool. */
export type BroadcastMethods<W extends object> = {
  readonly [K in keyof W as Exclude<MethodKey<W, K>, StreamName<W>>]: W[K] extends (...args: infer P) => infer R
    ? (...args: Args<P>) => Promise<Awaited<R>[]>
    : never;
};

type StreamName<W extends object> = {
  [K in keyof W]: K extends string
    ? W[K] extends (
        ...args: never[]
      ) => AsyncGenerator<unknown, unknown, unknown> | Generator<unknown, unknown, unknown>
      ? K
      : never
    : never;
}[Exclude<keyof W, ReservedMember | symbol>];

/** One worker of a pool: its methods are called on it and no other. */
export type PoolWorker<W extends object> = PoolMethods<W>;

/** What every pool has beside the methods of its worker class. */
export interface PoolMembers<W extends object> extends AsyncDisposable {
  /** The same pool, making calls with these options. */
  with(options: CallOptions): PoolMethods<W>;
  /** Calls a method on every worker, also on busy ones as soon as they yield; the results in order of the workers. */
  readonly broadcast: BroadcastMethods<W>;
  /** The workers, each to be called by itself. */
  readonly workers: readonly PoolWorker<W>[];
  /** Starts the workers and resolves when they take calls; without it the first calls start them. */
  ready(): Promise<void>;
  /** Resolves when fewer calls than `capacity` wait. */
  room(): Promise<void>;
  /** Resolves when no call waits or runs. */
  drain(): Promise<void>;
  /** Changes the number of workers; those taken away finish what they have. */
  resize(size: number | ElasticSize): Promise<void>;
  /**
   * Refuses new calls, cancels those that wait, lets the running ones finish for `timeout` ms (default 30,000), then
   * ends the workers.
   */
  stop(options?: { timeout?: number }): Promise<void>;
  /** What the pool is doing and has done. */
  stats(): PoolStats;
  /** Calls `listener` on an event; returns the function that stops it. */
  on<N extends keyof PoolEvents>(event: N, listener: (event: PoolEvents[N]) => void): () => void;
}

/** A pool of workers of type `W`: call it as you would call one of them. */
export type Pool<W extends object> = PoolMethods<W> & PoolMembers<W>;

const NO_OPTIONS: CallOptions = Object.freeze({});
const NO_TRAITS: CallTraits = Object.freeze({});

type AnyMethod = (...args: unknown[]) => unknown;

/** Makes the objects of pools of one class: their methods are made once. */
export class PoolFactory {
  readonly #methods: readonly MethodInfo[];
  readonly #prototype: object;

  constructor(methods: readonly MethodInfo[]) {
    this.#methods = methods;
    this.#prototype = methodsPrototype(methods);
  }

  create<W extends object>(core: PoolCore): Pool<W> {
    const view = (options: CallOptions, traits: CallTraits): PoolMethods<W> =>
      this.#view(new View(core, options, traits)) as PoolMethods<W>;
    const members: PoolMembers<W> & { [inspect.custom](): string } = {
      with: (options) => {
        const { transfer, ...others } = checkCallOptions(options);
        const own = transfer === undefined ? others : { ...others, transfer: normalizeTransfer(transfer) };
        return view(own, NO_TRAITS);
      },
      broadcast: this.#broadcast(core) as BroadcastMethods<W>,
      get workers() {
        return core.liveSlots.map(({ index }) => view(NO_OPTIONS, { target: index }));
      },
      ready: async () => core.ready(),
      room: async () => core.room(),
      drain: async () => core.drain(),
      resize: async (size) => core.resize(size),
      stop: async (options) => core.stop(checkStop(options)),
      stats: () => core.stats(),
      on: (event, listener) => core.events.on(event, listener),
      [Symbol.asyncDispose]: async () => core.stop(),
      [inspect.custom]: () => `Pool { ${core.name}, ${core.options.mode}, ${core.slots.length} workers }`,
    };
    const pool = this.#detachable(core);
    Object.defineProperties(pool, Object.getOwnPropertyDescriptors(members));
    return pool as Pool<W>;
  }

  /** Methods that can be passed around, as in `items.map(pool.parse)`. */
  #detachable(core: PoolCore): object {
    const pool: Record<string, AnyMethod> = {};
    const view = new View(core, NO_OPTIONS, NO_TRAITS);
    const capacity = (): number => busyWith(core);
    for (const method of this.#methods) {
      const kind = view.kindOf(method);
      const make: AnyMethod = method.isStream
        ? (...args) => openStream(core, method, args, NO_OPTIONS, NO_TRAITS)
        : (...args) => core.submit(kind, args).future;
      const makeCall = method.isStream ? undefined : makeCalls(core, method);
      pool[method.name] = rememberCallable(make, { label: `${core.name}.${method.name}`, capacity, makeCall });
    }
    return pool;
  }

  #view(view: View): object {
    return Object.create(this.#prototype, { [VIEW]: { value: view } }) as object;
  }

  #broadcast(core: PoolCore): object {
    const broadcast: Record<string, AnyMethod> = {};
    for (const method of this.#methods) {
      if (method.isStream) continue;
      broadcast[method.name] = async (...args) =>
        Promise.all(
          core.liveSlots.map(
            ({ index }) => core.submit(core.kindOf(method, NO_OPTIONS, { target: index, isUrgent: true }), args).future,
          ),
        );
    }
    return broadcast;
  }
}

function makeCalls(core: PoolCore, method: MethodInfo): MakeCall {
  const kind = core.kindOf(method, NO_OPTIONS, NO_TRAITS, true);
  return (args, taker) => core.submit(kind, args, taker);
}

const VIEW = Symbol("view");

/** How the calls made through one object differ: by options, or by the worker they go to. */
class View {
  readonly core: PoolCore;
  readonly options: CallOptions;
  readonly traits: CallTraits;
  /** By the index of the method, those that were needed. */
  readonly #kinds: CallKind[] = [];

  constructor(core: PoolCore, options: CallOptions, traits: CallTraits) {
    this.core = core;
    this.options = options;
    this.traits = traits;
  }

  kindOf(method: MethodInfo): CallKind {
    return (this.#kinds[method.index] ??= this.core.kindOf(method, this.options, this.traits));
  }
}

/** @throws {TypeError} for a method that was taken off its view: it does not know what it belongs to */
function viewOf(self: unknown, { name }: MethodInfo): View {
  const view = (self as { readonly [VIEW]?: View } | undefined)?.[VIEW];
  if (view) return view;
  throw new TypeError(
    `Cannot call '${name}' as it was taken off what 'with' or 'workers' gave: pass (…) => view.${name}(…), or the pool's own method`,
  );
}

function methodsPrototype(methods: readonly MethodInfo[]): object {
  const prototype = Object.create(null) as Record<string, AnyMethod>;
  for (const method of methods) {
    prototype[method.name] = method.isStream
      ? function stream(this: unknown, ...args: unknown[]) {
          const { core, options, traits } = viewOf(this, method);
          return openStream(core, method, args, options, traits);
        }
      : function call(this: unknown, ...args: unknown[]) {
          const view = viewOf(this, method);
          return view.core.submit(view.kindOf(method), args).future;
        };
  }
  return prototype;
}
