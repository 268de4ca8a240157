/** The options of a pool and of a call: their meaning, their defaults, and what is refused. */
import { show } from "../config/show.js";
import { availableParallelism } from "node:os";
import { atLeast } from "../config/at-least.js";
import { checkFlag } from "../config/check-flag.js";
import { checkFields, checkRecord } from "../config/check-fields.js";
import { closest } from "../config/closest.js";
import { duration } from "../config/duration.js";
import type { BrokerOptions } from "../config/broker.js";
import { type Mode, modeDefaults, MODES } from "../config/mode.js";
import { oneOf } from "../config/one-of.js";
import type { ActorNeed, HostSettings } from "../modes/executor.js";
import { finite, positive } from "../config/positive.js";
import type { RetryOptions } from "../retry/options.js";
import { type ActorOptions, resolveActor } from "./actor-options.js";
import type { Delivery } from "./delivery.js";
import { resolveHost } from "./host-options.js";
import type { CallPlan } from "./method-plan.js";
import type { LimitsOption } from "./pool-limits.js";

/** How the worker for a call is chosen, by name. */
export type LoadBalancingName = "round-robin" | "least-active" | "least-total" | "random" | "shared-queue" | "key";

/** What a load-balancing function sees of a worker. */
export interface WorkerLoad {
  readonly index: number;
  /** Calls it was given that have not ended. */
  readonly active: number;
  /** Calls it was given so far. */
  readonly total: number;
}

/** Chooses a worker for a call: returns its `index`. */
export type LoadBalancer = (
  call: { readonly method: string; readonly args: readonly unknown[]; readonly key: string | undefined },
  workers: readonly WorkerLoad[],
) => number;

/** A pool that grows and shrinks. */
export interface ElasticSize {
  /** Workers that are kept. Default: 0. */
  readonly min?: number;
  /** Workers at most. */
  readonly max: number;
  /** How long a worker beyond `min` may idle, in ms. Default: 10,000. */
  readonly idleTimeout?: number;
}

/** Options of a pool. */
export interface PoolOptions extends HostSettings {
  /** Where the workers live. Default: `"thread"`. */
  mode?: Mode | undefined;
  /** How many workers, or between which bounds. Default: see the table of modes. */
  maxWorkers?: number | ElasticSize | undefined;
  /** Calls that one worker runs at once. Default: 1; in `async` mode unlimited. */
  concurrency?: number | undefined;
  /** Default: `"round-robin"`; with `onDemand`, `"random"`. */
  loadBalancing?: LoadBalancingName | LoadBalancer | undefined;
  /**
   * Calls handed to one worker ahead of time, beyond those it runs; none with a declared cost is. Default: thread 100,
   * process 5, distributed 2 to 100, as many as take 20 ms; else 0.
   */
  maxQueuedTasks?: number | undefined;
  /** Calls that may wait in the pool. Default: unlimited. */
  capacity?: number | undefined;
  /** What happens beyond `capacity`. Default: `"wait"`: they wait all the same, and `room()` tells when to go on. */
  overflow?: "wait" | "reject" | "drop-oldest" | undefined;
  /** A worker for each call, gone after it. Default: false. */
  onDemand?: boolean | undefined;
  /** How long a call may take, all attempts and waiting included, in ms. Default: unlimited. */
  timeout?: number | undefined;
  /** How long a running call that was cancelled or timed out may take to let go, in ms. Default: 1,000. */
  grace?: number | undefined;
  /**
   * What happens to a running call that is cancelled or timed out: its signal fires and after `grace` its worker is
   * terminated (`"cooperate"`, the default); its worker is terminated at once; or it goes on and nobody listens.
   */
  abortStrategy?: "cooperate" | "terminate" | "ignore" | undefined;
  /** How long a call waits until it weighs as much as a new one with one more point of priority, in ms. Default: 1,000. */
  ageing?: number | undefined;
  /**
   * Asks each worker every `interval` ms and replaces one that does not answer within `timeout` ms (default: 10,000, or
   * `interval` when that is longer), or whose `method` returns false. A worker that is busy with synchronous work answers
   * after it.
   */
  healthCheck?: { readonly interval: number; readonly timeout?: number; readonly method?: string } | undefined;
  /** Replaces a worker after so many calls, or once it uses so many bytes. */
  recycle?: { readonly afterCalls?: number; readonly afterMemory?: number } | undefined;
  /** Whether futures among the arguments are replaced by their results. Default: true. */
  unwrapFutures?: boolean | undefined;
  /** Whether methods return their result instead of a future, and the caller blocks. Default: false. */
  blocking?: boolean | undefined;
  /** How long a worker may take to load its module and construct itself, in ms. Default: 60,000. */
  startTimeout?: number | undefined;
  /**
   * Limits that calls and workers of the pool keep to: a list for this pool alone, a `LimitSet` or `LimitPool` to share with
   * others, `perWorker(…)`, or the `limits` of the worker that makes the pool. Default: none.
   */
  limits?: LimitsOption | undefined;
  /** Makes calls again that failed. Default: none is. */
  retry?: RetryOptions | undefined;
  /** What is done around calls of single methods, by name; in place of what the definition says. */
  methods?: Readonly<Record<string, CallPlan>> | undefined;
  /**
   * What becomes of calls that may have begun when their worker dies: they fail with a `WorkerCrashedError`
   * (`"at-most-once"`, the default), or are given to another worker, up to three times (`"at-least-once"`). Streams of which
   * items arrived and calls with `transfer` fail all the same.
   */
  delivery?: Delivery | undefined;
  /** The broker of mode `distributed`: its url, or options. Default: see `BrokerOptions`. */
  broker?: string | BrokerOptions | undefined;
  /** What each worker needs of its node, in mode `distributed`. Default: one cpu. */
  actor?: ActorOptions | undefined;
  /** Whether SIGINT and SIGTERM stop the pool, and then end the process as they would have. Default: false. */
  handleSignals?: boolean | undefined;
}

/** Options of a single call, given through `pool.with(options)`. */
export interface CallOptions {
  /** Higher goes first. Default: 0. */
  priority?: number | undefined;
  /** How long the call may take, all attempts and waiting included, in ms. Default: the pool's. */
  timeout?: number | undefined;
  /** Cancels the call when it fires; the future rejects with its reason. */
  signal?: AbortSignal | undefined;
  /** Buffers and ports among the arguments that are handed over instead of copied. */
  transfer?: readonly object[] | undefined;
  /**
   * Calls with the same key go to the same worker, with `loadBalancing: "key"`; those with a declared cost wait for limits in
   * turn between keys.
   */
  key?: string | undefined;
  /** Items a stream may be ahead of its reader. Default: 16. */
  readAhead?: number | undefined;
}

/** Options with every default filled in. */
export interface ResolvedOptions {
  readonly mode: Mode;
  readonly min: number;
  readonly max: number;
  readonly isElastic: boolean;
  readonly idleTimeout: number;
  readonly concurrency: number;
  readonly loadBalancing: LoadBalancingName | LoadBalancer;
  readonly maxQueuedTasks: number;
  /** How long what is handed ahead may take, in ms, as far as is known; unlimited where `maxQueuedTasks` was given. */
  readonly queuedWork: number;
  readonly capacity: number;
  readonly overflow: "wait" | "reject" | "drop-oldest";
  readonly onDemand: boolean;
  readonly timeout: number | undefined;
  readonly grace: number;
  readonly abortStrategy: "cooperate" | "terminate" | "ignore";
  readonly ageing: number;
  readonly healthCheck: { readonly interval: number; readonly timeout: number; readonly method?: string } | undefined;
  readonly recycle: { readonly afterCalls: number; readonly afterMemory: number };
  readonly unwrapFutures: boolean;
  readonly blocking: boolean;
  readonly startTimeout: number;
  readonly handleSignals: boolean;
  readonly delivery: Delivery;
  readonly host: HostSettings;
  readonly actor: ActorNeed | undefined;
}

export { atLeast };

const BALANCERS: readonly string[] = ["round-robin", "least-active", "least-total", "random", "shared-queue", "key"];
const POOL_OPTIONS: Readonly<Record<keyof PoolOptions, true>> = {
  mode: true,
  maxWorkers: true,
  concurrency: true,
  loadBalancing: true,
  maxQueuedTasks: true,
  capacity: true,
  overflow: true,
  onDemand: true,
  timeout: true,
  grace: true,
  abortStrategy: true,
  ageing: true,
  healthCheck: true,
  recycle: true,
  unwrapFutures: true,
  blocking: true,
  startTimeout: true,
  handleSignals: true,
  limits: true,
  retry: true,
  methods: true,
  delivery: true,
  broker: true,
  actor: true,
  execArgv: true,
  env: true,
  resourceLimits: true,
  transport: true,
  spin: true,
};

const FLAGS = ["onDemand", "unwrapFutures", "blocking", "handleSignals"] as const;
const CALL_OPTIONS: Readonly<Record<keyof CallOptions, true>> = {
  priority: true,
  timeout: true,
  signal: true,
  transfer: true,
  key: true,
  readAhead: true,
};

/**
 * Checks options and fills in the defaults of the mode.
 * @throws {TypeError | RangeError} naming the option, its value, and what it must be
 */
export function resolveOptions(options: PoolOptions): ResolvedOptions {
  checkRecord("options", options);
  rejectUnknown("option", Object.keys(options), Object.keys(POOL_OPTIONS));
  const mode = oneOf("mode", options.mode ?? "thread", MODES);
  const defaults = modeDefaults(mode);
  if (options.healthCheck !== undefined)
    checkFields("healthCheck", options.healthCheck, ["interval", "timeout", "method"]);
  if (options.recycle !== undefined) checkFields("recycle", options.recycle, ["afterCalls", "afterMemory"]);
  for (const name of FLAGS) checkFlag(name, options[name]);
  const onDemand = options.onDemand ?? false;
  const size = resolveSize(options, mode, onDemand, defaults.maxWorkers);
  const sharesQueue = options.loadBalancing === "shared-queue" || onDemand;
  return {
    mode,
    ...size,
    concurrency: onDemand ? 1 : atLeast("concurrency", options.concurrency ?? defaults.concurrency, 1),
    loadBalancing: balancing(options.loadBalancing ?? (onDemand ? "random" : "round-robin")),
    // Nothing is handed ahead where a call must not wait behind another while a third worker is idle.
    maxQueuedTasks: sharesQueue ? 0 : atLeast("maxQueuedTasks", options.maxQueuedTasks ?? defaults.maxQueuedTasks, 0),
    queuedWork: options.maxQueuedTasks === undefined ? defaults.queuedWork : Number.POSITIVE_INFINITY,
    capacity: atLeast("capacity", options.capacity ?? Number.POSITIVE_INFINITY, 1),
    overflow: oneOf("overflow", options.overflow ?? "wait", ["wait", "reject", "drop-oldest"]),
    onDemand,
    timeout: options.timeout === undefined ? undefined : duration("timeout", options.timeout),
    grace: duration("grace", options.grace ?? 1000),
    abortStrategy: oneOf("abortStrategy", options.abortStrategy ?? "cooperate", ["cooperate", "terminate", "ignore"]),
    ageing: positive("ageing", options.ageing ?? 1000),
    healthCheck: options.healthCheck && {
      ...options.healthCheck,
      interval: duration("healthCheck.interval", options.healthCheck.interval),
      timeout: duration(
        "healthCheck.timeout",
        options.healthCheck.timeout ?? Math.max(10_000, options.healthCheck.interval),
      ),
    },
    recycle: {
      afterCalls: atLeast("recycle.afterCalls", options.recycle?.afterCalls ?? Number.POSITIVE_INFINITY, 1),
      afterMemory: positive("recycle.afterMemory", options.recycle?.afterMemory ?? Number.POSITIVE_INFINITY),
    },
    unwrapFutures: options.unwrapFutures ?? true,
    blocking: options.blocking ?? false,
    startTimeout: duration("startTimeout", options.startTimeout ?? 60_000),
    handleSignals: options.handleSignals ?? false,
    delivery: oneOf("delivery", options.delivery ?? "at-most-once", ["at-most-once", "at-least-once"] as const),
    actor: resolveActor(mode, options.broker, options.actor),
    host: resolveHost(mode, options),
  };
}

/** @throws {TypeError | RangeError} naming the option, its value, and what it must be */
export function checkCallOptions(options: CallOptions): CallOptions {
  checkRecord("options", options);
  rejectUnknown("call option", Object.keys(options), Object.keys(CALL_OPTIONS));
  if (options.priority !== undefined && !Number.isFinite(options.priority)) {
    throw new RangeError(
      `Cannot set 'priority' as it must be a finite number: current value is ${show(options.priority)}`,
    );
  }
  if (options.timeout !== undefined) duration("timeout", options.timeout);
  if (options.readAhead !== undefined) atLeast("readAhead", options.readAhead, 1);
  if (options.signal !== undefined && !(options.signal instanceof AbortSignal)) {
    throw new TypeError(`Cannot set 'signal' as it must be an AbortSignal: current value is ${show(options.signal)}`);
  }
  if (options.key !== undefined && typeof options.key !== "string") {
    throw new TypeError(`Cannot set 'key' as it must be a string: current value is ${show(options.key)}`);
  }
  return options;
}

/**
 * Checks what `stop` is given; returns for how long running calls may go on, in ms.
 * @throws {TypeError | RangeError} naming the option, and what it must be
 */
export function checkStop(options: { timeout?: number | undefined } | undefined): number | undefined {
  if (options === undefined) return undefined;
  checkFields("stop", options, ["timeout"]);
  return options.timeout === undefined ? undefined : duration("timeout", options.timeout);
}

/** @throws {RangeError} when it is not a finite number of workers from `least` on */
export function checkCount(size: number, least: number): number {
  return finite("maxWorkers", atLeast("maxWorkers", size, least));
}

/** @throws {TypeError | RangeError} when the bounds, or one of them, are not valid */
export function checkBounds(size: ElasticSize): { min: number; max: number } {
  checkFields("maxWorkers", size, ["min", "max", "idleTimeout"]);
  const max = finite("maxWorkers.max", atLeast("maxWorkers.max", size.max, 1));
  const min = atLeast("maxWorkers.min", size.min ?? 0, 0);
  if (min <= max) return { min, max };
  throw new RangeError(`Cannot set 'maxWorkers' as its min is above its max: current value is ${min} > ${max}`);
}

function resolveSize(
  options: PoolOptions,
  mode: Mode,
  onDemand: boolean,
  fallback: number,
): Pick<ResolvedOptions, "min" | "max" | "isElastic" | "idleTimeout"> {
  const size = options.maxWorkers ?? fallback;
  if (typeof size === "object") {
    const { min, max } = checkBounds(size);
    fixedInSync(mode, max);
    return { min, max, isElastic: true, idleTimeout: duration("idleTimeout", size.idleTimeout ?? 10_000) };
  }
  const asked = checkCount(size, onDemand ? 0 : 1);
  const max = asked === 0 ? Math.max(1, availableParallelism() - 1) : asked;
  fixedInSync(mode, max);
  return { min: onDemand ? 0 : max, max, isElastic: false, idleTimeout: 0 };
}

function fixedInSync(mode: Mode, max: number): void {
  if (mode === "sync" && max !== 1) {
    throw new RangeError(`Cannot set 'maxWorkers' as mode 'sync' has one worker: current value is ${max}`);
  }
}

function balancing(value: LoadBalancingName | LoadBalancer): LoadBalancingName | LoadBalancer {
  if (typeof value === "function") return value;
  return oneOf("loadBalancing", value, BALANCERS as readonly LoadBalancingName[]);
}

function rejectUnknown(what: string, names: readonly string[], known: readonly string[]): void {
  for (const name of names) {
    if (known.includes(name)) continue;
    const hint = closest(name, known);
    throw new TypeError(`Cannot set '${name}' as there is no such ${what}${hint ? `: did you mean '${hint}'?` : ""}`);
  }
}
