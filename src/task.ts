import { checkRecord } from "./config/check-fields.js";
import { loadDistributed } from "./config/outer-ring.js";
import { show } from "./config/show.js";
import { realOf } from "./config/lazy.js";
import type { Args } from "./future/arg.js";
import type { AsyncResult, DelayCallOptions, DelayedArgs, DelayOptions } from "./future/async-result.js";
import { map, type MapOptions, type SettledItem } from "./flow/map.js";
import type { AnyIterable } from "./flow/map-source.js";
import type { Mapping } from "./flow/mapping.js";
import { type Callable, callableOf, type MakeCall, rememberCallable } from "./pool/callables.js";
import type { CallPlan, MethodSchema } from "./pool/method-plan.js";
import { type CallOptions, checkStop, type PoolOptions } from "./pool/options.js";
import type { CallResult, Pool } from "./pool/pool.js";
import type { PoolStats } from "./pool/pool-stats.js";
import { mapRetryContext } from "./retry/map-context.js";
import { assertMetaGiven, type ModuleReference, type Registration } from "./registry.js";
import { taskName, taskTarget } from "./task-target.js";
import { definitionOf, worker, type WorkerClass, type WorkerDefaults, type WorkerDefinition } from "./worker.js";

/** A function that a task can be made from. */
export type TaskFunction = (...args: never[]) => unknown;

/** Options of a task with the function `F`: those of its pool, and what a definition may say. */
export interface TaskOptions<F extends TaskFunction = TaskFunction>
  extends Omit<WorkerDefaults, "methods" | "schema" | "retry">, CallPlan<F> {
  /** Checks arguments, as one tuple, and results on the caller's side. */
  schema?: MethodSchema | undefined;
  /** Options of its delayed calls, see `delay`. */
  delayed?: DelayOptions | undefined;
}

/** A function that runs in a pool of its own, started by the first call. */
export interface Task<F extends TaskFunction> extends AsyncDisposable {
  (...args: Args<Parameters<F>>): CallResult<ReturnType<F>>;
  /** The same as calling it. */
  submit(...args: Args<Parameters<F>>): CallResult<ReturnType<F>>;
  /** One call per item: await the results, or iterate them. */
  map(
    items: AnyIterable<Parameters<F>[0] | PromiseLike<Parameters<F>[0]>>,
    options?: MapOptions & { settled?: false },
  ): Mapping<Awaited<ReturnType<F>>>;
  map(
    items: AnyIterable<Parameters<F>[0] | PromiseLike<Parameters<F>[0]>>,
    options: MapOptions & { settled: true },
  ): Mapping<SettledItem<Parameters<F>[0], Awaited<ReturnType<F>>>>;
  /** Makes calls with these options. */
  with(options: CallOptions): (...args: Args<Parameters<F>>) => CallResult<ReturnType<F>>;
  /**
   * Leaves the call to the nodes of a broker, and resolves once the broker has it: it is run even when this process is gone.
   * Results of other delayed calls among the arguments, at any depth, are waited for there.
   *
   * @throws {BrokerUnavailableError} when the broker was away, or took nothing, for longer than `brokerTimeout`
   * @throws {SerializationError} when an argument cannot be sent
   * @throws {ValidationError} when the arguments do not pass the schema of the task
   * @throws {MissingPackageError} when `bullmq` or `ioredis` is not installed
   * @throws {TypeError} when the function is a generator
   * @example
   * const results = [await add.delay(1, 1), await add.delay(2, 2)];
   * await Promise.all(results.map((result) => result.get()));   // [2, 4]
   */
  delay(...args: DelayedArgs<Parameters<F>>): Promise<AsyncResult<Awaited<ReturnType<F>>>>;
  /** Makes delayed calls with these options: `await add.delayWith({ countdown: 5_000 })(1, 1)`. */
  delayWith(
    options: DelayCallOptions,
  ): (...args: DelayedArgs<Parameters<F>>) => Promise<AsyncResult<Awaited<ReturnType<F>>>>;
  /** The same function with a pool of its own, of these options on top. */
  options(options: PoolOptions): Task<F>;
  /** Stops the pool, where one was started; the next call starts another. */
  stop(options?: { timeout?: number }): Promise<void>;
  /** Resolves when no call waits or runs. */
  drain(): Promise<void>;
  /** What the pool is doing and has done; `undefined` before the first call. */
  stats(): PoolStats | undefined;
}

/** What is needed of the outer ring to delay a call. */
export interface DelayedCall {
  readonly registration: Registration;
  readonly isStream: boolean;
  readonly schema: MethodSchema | undefined;
  /** From the definition, then from the call. */
  readonly options: readonly (DelayCallOptions | undefined)[];
  readonly args: readonly unknown[];
}

interface TaskDoor {
  delayTask(call: DelayedCall): Promise<AsyncResult<unknown>>;
}

interface Runner<F extends TaskFunction> {
  run(...args: Parameters<F>): ReturnType<F>;
}

const definitions = new WeakMap<object, Registration>();

/** The definition behind a task. */
export function taskRegistration(fn: object): Registration | undefined {
  return definitions.get(realOf(fn));
}

/**
 * Makes a function a task: called like the function, it runs in a pool and returns a future.
 *
 * Call it at the top level of a module: threads and processes import that module to find the function.
 *
 * @param meta - the module: `import.meta`, a file URL, or `__filename`
 * @example
 * export const square = task(import.meta, (n: number) => n * n);
 * // elsewhere
 * await square(3);                       // 9
 * await square.map([1, 2, 3]);           // [1, 4, 9]
 */
export function task<F extends TaskFunction>(meta: ModuleReference, fn: F, options: TaskOptions<F> = {}): Task<F> {
  assertMetaGiven(meta, fn, "a task", (name) => `task(import.meta, ${name})`);
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot define a task as its second argument must be a function: current value is ${show(fn)}`);
  }
  checkRecord("options", options);
  const target = taskTarget(fn);
  const name = taskName(fn, options);
  return taskOver(fn, name, options, (definition) => worker(meta, target, definition));
}

/** The task of a function that is registered, as `task` found it good. */
export function taskOf<F extends TaskFunction>(registration: Registration, fn: F, options: TaskOptions<F>): Task<F> {
  return taskOver(fn, registration.name, options, (definition) =>
    definitionOf(registration, registration.target, definition),
  );
}

function taskOver<F extends TaskFunction>(
  fn: F,
  name: string,
  options: TaskOptions<F>,
  define: (definition: WorkerDefaults) => WorkerDefinition<WorkerClass>,
): Task<F> {
  const { cost, usage, schema, delayed, ...others } = options;
  const isStream = /Generator/.test((fn as object).constructor.name);
  const seen = (more: PoolOptions): PoolOptions => ({
    ...more,
    // The method that runs it is ours: functions of retries are told the name of the task.
    ...(more.retry && { retry: mapRetryContext(more.retry, ({ args }) => ({ method: name, args })) }),
  });
  const definition = define({
    ...seen(others),
    name,
    methods: { run: { stream: isStream, cost, usage } } as object,
    ...(schema !== undefined && { schema: { methods: { run: schema } } as object }),
  });
  const { registration } = definition;
  return makeTask<F>(
    registration,
    isStream,
    (more) => definition.options(seen(more)).init() as unknown as Pool<Runner<F>>,
    async (more, callOptions, args) => {
      const { delayTask } = await loadDistributed<TaskDoor>();
      const broker = more.broker ?? others.broker;
      const given = [broker === undefined ? undefined : { broker }, delayed, callOptions];
      return delayTask({ registration, isStream, schema, options: given, args }) as Promise<
        AsyncResult<Awaited<ReturnType<F>>>
      >;
    },
  );
}

type Delay<F extends TaskFunction> = (
  options: PoolOptions,
  callOptions: DelayCallOptions | undefined,
  args: readonly unknown[],
) => Promise<AsyncResult<Awaited<ReturnType<F>>>>;

function makeTask<F extends TaskFunction>(
  registration: Registration,
  isStream: boolean,
  open: (options: PoolOptions) => Pool<Runner<F>>,
  delay: Delay<F>,
  options: PoolOptions = {},
): Task<F> {
  let current: Pool<Runner<F>> | undefined;
  const pool = (): Pool<Runner<F>> => (current ??= open(options));
  type Run = Task<F>["submit"];
  const submit: Run = (...args) => (pool().run as Run)(...args);
  const stop = async (stopOptions?: { timeout?: number }): Promise<void> => {
    checkStop(stopOptions);
    const stopping = current;
    current = undefined;
    await stopping?.stop(stopOptions);
  };
  const callable: Callable = { label: registration.name, capacity: () => callableOf(pool().run)!.capacity() };
  let last: { readonly pool: Pool<Runner<F>>; readonly makeCall: MakeCall } | undefined;
  const makeCall: MakeCall = (args, taker) => {
    // A task that was stopped has another pool.
    if (last?.pool !== pool()) last = { pool: pool(), makeCall: callableOf(pool().run)!.makeCall! };
    return last.makeCall(args, taker);
  };
  const made: Task<F> = Object.assign((...args: Parameters<Run>) => submit(...args), {
    submit,
    map: ((items: AnyIterable<unknown>, mapOptions?: MapOptions) =>
      map(items, submit as (item: unknown) => unknown, mapOptions as MapOptions & { settled: true })) as Task<F>["map"],
    with: (callOptions: CallOptions) => {
      const view = pool().with(callOptions);
      return rememberCallable((...args: Parameters<Run>) => (view.run as Run)(...args), callable);
    },
    delay: async (...args: readonly unknown[]) => delay(options, undefined, args),
    delayWith:
      (callOptions: DelayCallOptions) =>
      async (...args: readonly unknown[]) =>
        delay(options, callOptions, args),
    options: (more: PoolOptions) => {
      checkRecord("options", more);
      return makeTask(registration, isStream, open, delay, { ...options, ...more });
    },
    stop,
    drain: async () => current?.drain(),
    stats: () => current?.stats(),
    [Symbol.asyncDispose]: async () => stop(),
  });
  definitions.set(made, registration);
  const plain: Callable = isStream || options.blocking ? callable : { ...callable, makeCall };
  rememberCallable(submit, plain);
  return rememberCallable(made, plain);
}
