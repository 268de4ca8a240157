/** The options of a stage: their meaning, their defaults, and what is refused. */
import { checkFunction } from "../../config/check-function.js";
import { show } from "../../config/show.js";
import { checkFields } from "../../config/check-fields.js";
import { duration } from "../../config/duration.js";
import { listWords, oneOf } from "../../config/one-of.js";
import type { Amounts, Limits } from "../../limits/grant.js";
import type { Limit } from "../../limits/limit.js";
import { callableOf, type MakeCall } from "../../pool/callables.js";
import { atLeast } from "../../pool/options.js";
import { PoolLimits } from "../../pool/pool-limits.js";
import type { RetryOptions } from "../../retry/options.js";
import { RetryPolicy } from "../../retry/policy.js";
import type { EngineOptions } from "../map-engine.js";
import { FLOW_OPTIONS, type FlowOptions, resolveFlow } from "../map-options.js";

/** What happens to the pipeline when an item fails in a stage, by name. */
export type ErrorPolicyName = "stop" | "skip" | "collect";

/** What happens when an item fails: a name, or a function that gives one for each failure. */
export type ErrorPolicy = ErrorPolicyName | ((failure: PipelineFailure) => ErrorPolicyName);

/** An item that failed in a stage. */
export interface PipelineFailure {
  /** The name of the stage. */
  readonly stage: string;
  /** What the stage was given: an output of the stage before. */
  readonly item: unknown;
  /** The position in the source of the pipeline, from 0, of the item that this one came from. */
  readonly index: number;
  readonly error: unknown;
}

/** How a stage gathers items. */
export interface BatchOptions {
  /** Items in a batch, at most. */
  size: number;
  /**
   * How long the first item of a batch waits for others, in ms. Default: until the batch is full, or nothing more will
   * come.
   */
  maxWait?: number | undefined;
  /**
   * What the function returns for a batch: a result for `"each"` of its items, as an array of the same length and in the
   * same order, and the next stage takes them one by one; or `"one"` result for all. Default: `"each"`.
   */
  output?: "each" | "one" | undefined;
}

/** Options of a stage whose function takes `I` and gives `O`. */
export interface StageOptions<I = unknown, O = unknown> extends FlowOptions {
  /** As statistics and failures call it. Default: the name of the function, as in `Hasher.hash` for one of a pool. */
  name?: string | undefined;
  /**
   * Gathers items: the function is called with an array of them. `concurrency` and `window` count batches then, and a
   * default `window` holds as many items as without.
   */
  batch?: BatchOptions | undefined;
  /** Makes attempts again that failed; a batch as a whole. Default: none is. */
  retry?: RetryOptions | undefined;
  /** Limits that attempts keep to: taken before each, given back after it. Default: none. */
  limits?: readonly Limit[] | Limits | undefined;
  /** What an attempt takes of the limits. Default: 1 of each that has a default. */
  cost?: ((input: I) => Amounts) | undefined;
  /** What an attempt really took, as its result tells: settles what `cost` said. */
  usage?: ((result: O, input: I) => Amounts | undefined) | undefined;
  /**
   * How long an item may take here, all attempts and waiting for limits included, in ms; then it has failed with a
   * `TimeoutError` and `signal` fires. A function that ignores it goes on unheard, and has its limits until it ends, and
   * its place too, but for 5 s at most. Default: for ever.
   */
  timeout?: number | undefined;
  /** In place of the pipeline's `onError`. */
  onError?: ErrorPolicy | undefined;
}

/** A stage with every default filled in, but for what its pool says when it begins. */
export interface ResolvedStage {
  readonly name: string;
  readonly fn: (input: unknown, context?: unknown) => unknown;
  /** Whether it makes calls of a pool, and takes its input alone. */
  readonly isCallable: boolean;
  /** The same without a future, where it can. */
  readonly makeCall: MakeCall | undefined;
  readonly batch: { readonly size: number; readonly maxWait: number | undefined; readonly isOne: boolean } | undefined;
  readonly retry: RetryPolicy | undefined;
  readonly limits: Limits | undefined;
  readonly cost: ((input: unknown) => Amounts) | undefined;
  readonly usage: ((result: unknown, input: unknown) => Amounts | undefined) | undefined;
  readonly timeout: number | undefined;
  readonly onError: ErrorPolicy | undefined;
  flow(): EngineOptions;
}

const ERROR_POLICIES: readonly ErrorPolicyName[] = ["stop", "skip", "collect"];

/** @throws {TypeError} for what is no policy */
export function checkPolicy(name: string, policy: unknown): ErrorPolicy {
  return typeof policy === "function" ? (policy as ErrorPolicy) : oneOf(name, policy, ERROR_POLICIES);
}

/** @throws {TypeError} for what is no name of a policy, such as a promise of one */
export function checkPolicyName(what: string, name: unknown): ErrorPolicyName {
  const known = ERROR_POLICIES.find((policy) => policy === name);
  if (known) return known;
  throw new TypeError(
    `Cannot go on after a failure as ${what} must be one of ${listWords(ERROR_POLICIES)}: current value is ${show(name)}`,
  );
}

const STAGE_OPTIONS: readonly string[] = Object.keys({
  ...FLOW_OPTIONS,
  name: true,
  batch: true,
  retry: true,
  limits: true,
  cost: true,
  usage: true,
  timeout: true,
  onError: true,
} satisfies Record<keyof StageOptions, true>);
const BATCH_OPTIONS: Readonly<Record<keyof BatchOptions, true>> = { size: true, maxWait: true, output: true };

/**
 * Checks a stage and fills in the defaults.
 * @param taken - the names of the stages before it
 * @throws {TypeError | RangeError} naming the option, its value, and what it must be
 */
export function resolveStage(
  fn: unknown,
  options: StageOptions<never, never>,
  taken: readonly string[],
): ResolvedStage {
  if (typeof fn !== "function") {
    throw new TypeError(
      `Cannot add a stage as it must be a function, a task or a method of a pool: current value is ${show(fn)}`,
    );
  }
  checkFields("options", options, STAGE_OPTIONS);
  const name = nameOf(fn, options.name, taken);
  const { batch, retry, limits, timeout, onError } = options;
  if (batch !== undefined) checkFields("batch", batch, Object.keys(BATCH_OPTIONS));
  const size = batch && atLeast("batch.size", batch.size, 1);
  const flow = (): EngineOptions => {
    const resolved = resolveFlow("", options, fn);
    if (size === undefined || options.window !== undefined) return resolved;
    return { ...resolved, window: Math.max(2 * resolved.concurrency, Math.ceil(resolved.window / size)) };
  };
  // What is wrong with it is to be told now, and not when it begins.
  flow();
  const callable = callableOf(fn);
  return {
    name,
    fn: fn as ResolvedStage["fn"],
    isCallable: callable !== undefined,
    makeCall: callable?.makeCall,
    batch: batch && {
      size: size!,
      maxWait: batch.maxWait === undefined ? undefined : duration("batch.maxWait", batch.maxWait),
      isOne: oneOf("batch.output", batch.output ?? "each", ["each", "one"]) === "one",
    },
    retry: retry === undefined ? undefined : new RetryPolicy(retry),
    limits: limits === undefined ? undefined : openLimits(limits),
    cost: takesLimits("cost", options.cost, limits) as ResolvedStage["cost"],
    usage: takesLimits("usage", options.usage, limits) as ResolvedStage["usage"],
    timeout: timeout === undefined ? undefined : duration("timeout", timeout),
    onError: onError === undefined ? undefined : checkPolicy("onError", onError),
    flow,
  };
}

function nameOf(fn: object, asked: unknown, taken: readonly string[]): string {
  if (asked !== undefined) {
    if (typeof asked === "string" && asked !== "") return asked;
    throw new TypeError(`Cannot set 'name' as it must be a text: current value is ${show(asked)}`);
  }
  const base = callableOf(fn)?.label ?? ((fn as { name?: string }).name || `stage ${taken.length + 1}`);
  let name = base;
  for (let number = 2; taken.includes(name); number += 1) name = `${base} ${number}`;
  return name;
}

function openLimits(option: NonNullable<StageOptions["limits"]>): Limits {
  const { shared } = new PoolLimits(option);
  if (shared) return shared;
  throw new TypeError("Cannot set 'limits' to perWorker(…) as a stage has no workers: set it for the pool");
}

function takesLimits(name: string, value: unknown, limits: unknown): unknown {
  if (value === undefined) return undefined;
  checkFunction(name, value);
  if (limits !== undefined) return value;
  throw new TypeError(`Cannot set '${name}' as the stage has no limits: set 'limits' too`);
}
