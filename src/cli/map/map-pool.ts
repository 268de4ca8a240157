/** The pool that `manyhands map` runs its items in. */
import { basename } from "node:path";
import { MODES } from "../../config/mode.js";
import { oneOf } from "../../config/one-of.js";
import { CallLimit } from "../../limits/rate-limit.js";
import { effectiveOptions } from "../../pool/effective-options.js";
import { type PoolOptions, resolveOptions } from "../../pool/options.js";
import type { OptionValues } from "../command.js";
import { readCount, readDuration, readText } from "../read-value.js";
import { UsageError } from "../usage-error.js";
import type { OpenTarget, Target } from "./target.js";

/** Items at once in `async` mode, whose workers would take all there are. */
const ASYNC_CONCURRENCY = 64;
/** Items behind those that run, for each worker, however many could be handed to it ahead. */
const MOST_AHEAD = 100;

/** A pool, and what is run in it. */
export interface MapPool {
  run(item: unknown): unknown;
  /** Items that keep all workers busy. */
  readonly concurrency: number;
  stop(timeout: number): Promise<void>;
}

/** Options as they were typed. */
interface TypedOptions {
  readonly pool: PoolOptions;
  readonly rpm: number | undefined;
}

/** @throws {UsageError | TypeError} for values that are not valid */
export function readPoolOptions(values: OptionValues): TypedOptions {
  const mode = readText(values, "mode");
  const maxWorkers = readCount(values, "workers", 1);
  const concurrency = readCount(values, "concurrency", 1);
  const retries = readCount(values, "retries", 0);
  const timeout = readDuration(values, "timeout");
  return {
    pool: {
      ...(mode !== undefined && { mode: oneOf("--mode", mode, MODES) }),
      ...(maxWorkers !== undefined && { maxWorkers }),
      ...(concurrency !== undefined && { concurrency }),
      ...(retries !== undefined && { retry: { retries } }),
      ...(timeout !== undefined && { timeout }),
    },
    rpm: readCount(values, "rpm", 1),
  };
}

/** @throws {UsageError} for options that the target does not take */
export function openMapPool(
  target: Target,
  { pool: typed, rpm }: TypedOptions,
  { init, isSpread }: { readonly init: unknown; readonly isSpread: boolean },
): MapPool {
  if (init !== undefined && target.kind !== "worker") {
    throw new UsageError(`Cannot set '--init' as a ${target.kind} has no constructor: leave it out`);
  }
  const options: PoolOptions = {
    // Nothing says of a mere function that it may run elsewhere.
    ...(target.kind === "function" && { mode: "async" }),
    ...typed,
    ...(rpm !== undefined && limitsFor(target, rpm)),
  };
  const { max, concurrency, maxQueuedTasks, timeout } = resolveOptions(
    effectiveOptions(options, target.source.defaults),
  );
  const atOnce = Number.isFinite(concurrency) ? concurrency : ASYNC_CONCURRENCY;
  // What is handed ahead keeps workers from waiting; but a timeout counts the waiting too.
  const ahead = timeout === undefined && Number.isFinite(maxQueuedTasks) ? Math.min(maxQueuedTasks, MOST_AHEAD) : 0;
  const pool = target.open(options, init === undefined ? [] : Array.isArray(init) ? init : [init]);
  return {
    run: runner(pool, target.isStream, isSpread),
    concurrency: max * (atOnce + ahead),
    stop: (stopWithin) => pool.stop(stopWithin),
  };
}

/** @throws {UsageError} where the module has limits, which these would replace */
function limitsFor({ source, poolMethod, module }: Target, rpm: number): PoolOptions {
  if (source.defaults.limits !== undefined || source.facts[poolMethod]?.cost) {
    throw new UsageError(`Cannot set '--rpm' as ${basename(module)} sets limits of its own: change them there`);
  }
  return {
    limits: [new CallLimit({ capacity: rpm, window: 60_000 })],
    methods: { [poolMethod]: { cost: () => ({ calls: 1 }) } },
  };
}

function runner(pool: OpenTarget, isStream: boolean, isSpread: boolean): (item: unknown) => unknown {
  const call = isSpread ? (item: unknown) => pool.call(...argumentsIn(item)) : (item: unknown) => pool.call(item);
  return isStream ? (item) => collect(call(item) as AsyncIterable<unknown>) : call;
}

/** A stream has one line, of all its items. */
async function collect(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function argumentsIn(item: unknown): unknown[] {
  if (Array.isArray(item)) return item;
  throw new TypeError("Cannot spread the item over the parameters as it is no list");
}
