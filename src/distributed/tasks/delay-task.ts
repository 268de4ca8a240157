/** `task.delay`: makes a job of a call. */
import { randomUUID } from "node:crypto";
import { atLeast } from "../../config/at-least.js";
import { checkFields } from "../../config/check-fields.js";
import { duration } from "../../config/duration.js";
import { oneOf } from "../../config/one-of.js";
import { show } from "../../config/show.js";
import { validateValue } from "../../config/validate.js";
import type { AsyncResult, DelayCallOptions } from "../../future/async-result.js";
import { findFutures, whenUnwrapped } from "../../future/unwrap.js";
import { ErrorClasses } from "../../pool/error-classes.js";
import { sourceOf } from "../../pool/open-pool.js";
import type { DelayedCall } from "../../task.js";
import { resolveRetry } from "../../retry/options.js";
import { type BrokerOptions, resolveBroker } from "../../config/broker.js";
import { definitionFor } from "../../definitions/definition.js";
import { TaskClient } from "./client.js";
import { encode } from "./encode.js";
import { checkId, checkQueue, DEFAULT_QUEUE, fullId, type JobData } from "./job.js";
import { TaskResult } from "./task-result.js";

const HOUR_MS = 3_600_000;
const LONGEST_TTL_MS = 7 * 24 * HOUR_MS;
const DEFAULT_SIZE = 16 * 1024 * 1024;
/** After this the engine drops what a node could not: beyond the longest `resultTtl`. */
const ENGINE_AGE_S = 8 * 24 * 3600;
/** The engine knows 0 to 2,097,151, and lower goes first. */
const MIDDLE_PRIORITY = 1_000_001;
const PRIORITY_STEP = 1000;
/** How often is decided by the node, which knows the definition. */
const ENGINE_ATTEMPTS = 1_000_000_000;

const OPTIONS: Readonly<Record<keyof DelayCallOptions, true>> = {
  broker: true,
  queue: true,
  priority: true,
  countdown: true,
  expires: true,
  resultTtl: true,
  retry: true,
  delivery: true,
  maxSize: true,
  id: true,
};

interface Resolved {
  readonly queue: string;
  readonly priority: number;
  readonly countdown: number;
  readonly id: string;
  readonly maxSize: number;
  readonly data: Omit<JobData, "caller" | "args" | "needs">;
}

/** Leaves a call to the nodes of a broker. */
export async function delayTask(call: DelayedCall): Promise<AsyncResult<unknown>> {
  const { name } = definitionFor(call.registration);
  if (call.isStream) throw new TypeError(`Cannot delay '${name}' as it is a generator: a task has one result`);
  let options: DelayCallOptions = {};
  for (const some of call.options) {
    if (some === undefined) continue;
    checkFields("delayed", some, Object.keys(OPTIONS));
    options = { ...options, ...some };
  }
  const broker = resolveBroker(options.broker as string | BrokerOptions | undefined);
  const resolved = resolve(options);
  const args = await prepare(call);
  const { json, results } = encode(args, {
    path: "args",
    action: `delay '${name}'`,
    maxSize: resolved.maxSize,
    resultId: (value) => (value instanceof TaskResult ? value.id : undefined),
  });
  const { errorClasses } = sourceOf(call.registration);
  errorClasses.load(call.registration.url);
  const client = TaskClient.of(broker);
  const data: JobData = {
    caller: client.id,
    args: json,
    ...resolved.data,
    ...(results.length > 0 && { needs: results }),
  };
  const result = new TaskResult(
    resolved.id,
    () => TaskClient.of(broker),
    name,
    (errorName) => errorClasses.find(errorName),
  );
  // Of one with an id of its own another may have ended before, and nobody tells of it again: its result is looked for.
  if (options.id === undefined) client.waits.made(result);
  await client.add({ name, data, opts: engineOptions(resolved) }, resolved.id);
  return result;
}

/** Options of `asyncResult`. */
export interface AsyncResultOptions {
  /** The broker: a URL, or options of it. Default: as in `delay`. */
  readonly broker?: string | BrokerOptions | undefined;
  /** Error classes that arrive as themselves, beside those that are built in. */
  readonly errors?: readonly (abstract new (...args: never[]) => Error)[] | undefined;
}

/**
 * Finds the result of a delayed task by its id, in any process.
 *
 * It does not ask whether there is such a task: `state()` and `get()` do.
 *
 * @throws {TypeError | RangeError} for options that are not valid
 * @example
 * const { id } = await add.delay(1, 1);
 * // later, elsewhere
 * await asyncResult<number>(id).get();   // 2
 */
export function asyncResult<T>(id: string, options: AsyncResultOptions = {}): AsyncResult<T> {
  checkFields("options", options, ["broker", "errors"]);
  if (typeof id !== "string" || id === "") {
    throw new TypeError(`Cannot find a result as its id must be a string: current value is ${show(id)}`);
  }
  const broker = resolveBroker(options.broker);
  const classes = new ErrorClasses(options.errors ?? []);
  return new TaskResult<T>(
    id,
    () => TaskClient.of(broker),
    undefined,
    (name) => classes.find(name),
  );
}

/** Waits for futures among the arguments, and checks them. */
async function prepare({ args, schema, registration }: DelayedCall): Promise<readonly unknown[]> {
  const futures = findFutures(args);
  const known = futures
    ? await new Promise<unknown[]>((done, failed) => whenUnwrapped(args, futures, done, failed))
    : args;
  const checked = schema && "args" in schema ? schema.args : undefined;
  if (!checked) return known;
  return (await validateValue(checked, known, { kind: "args", name: registration.name })) as readonly unknown[];
}

function resolve(options: DelayCallOptions): Resolved {
  const queue = checkQueue(options.queue ?? DEFAULT_QUEUE);
  const resultTtl = duration("resultTtl", options.resultTtl ?? HOUR_MS);
  if (resultTtl > LONGEST_TTL_MS) {
    throw new RangeError(
      `Cannot set 'resultTtl' as it must be at most ${LONGEST_TTL_MS} ms: current value is ${resultTtl}`,
    );
  }
  const { retry, expires } = options;
  if (retry !== undefined) {
    checkFields("retry", retry, ["retries", "wait", "maxWait", "jitter", "backoff"]);
    if (typeof retry.backoff === "function")
      throw new TypeError("Cannot set 'retry.backoff' as a function cannot be sent");
    resolveRetry(retry);
  }
  const delivery = oneOf("delivery", options.delivery ?? "at-least-once", ["at-least-once", "at-most-once"]);
  return {
    queue,
    priority: checkPriority(options.priority ?? 0),
    countdown: duration("countdown", options.countdown ?? 0),
    id: fullId(queue, options.id === undefined ? randomUUID() : checkId(options.id)),
    maxSize: atLeast("maxSize", options.maxSize ?? DEFAULT_SIZE, 1),
    data: {
      ttl: resultTtl,
      ...(expires !== undefined && { expires: Date.now() + duration("expires", expires) }),
      ...(delivery === "at-most-once" && { delivery }),
      ...(retry && { retry }),
      ...(options.maxSize !== undefined && { maxSize: options.maxSize }),
    },
  };
}

function checkPriority(priority: number): number {
  if (typeof priority === "number" && Math.abs(priority) <= 1000) return priority;
  throw new RangeError(
    `Cannot set 'priority' as it must be a number from -1000 to 1000: current value is ${show(priority)}`,
  );
}

function engineOptions({ id, priority, countdown }: Resolved): object {
  return {
    jobId: id,
    // Also where it is 0: the engine takes jobs without priority before all that have one.
    priority: MIDDLE_PRIORITY - Math.round(priority * PRIORITY_STEP),
    ...(countdown > 0 && { delay: countdown }),
    attempts: ENGINE_ATTEMPTS,
    backoff: { type: "manyhands" },
    removeOnComplete: { age: ENGINE_AGE_S },
    removeOnFail: { age: ENGINE_AGE_S },
  };
}
