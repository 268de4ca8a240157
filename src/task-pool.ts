import { staysHome } from "./config/homebound.js";
import { checkRecord } from "./config/check-fields.js";
import { show } from "./config/show.js";
import type { Args } from "./future/arg.js";
import type { Future } from "./future/future.js";
import { map, type MapOptions, type SettledItem } from "./flow/map.js";
import type { AnyIterable } from "./flow/map-source.js";
import type { Mapping } from "./flow/mapping.js";
import { callableOf, rememberCallable } from "./pool/callables.js";
import type { CallOptions, ElasticSize, PoolOptions } from "./pool/options.js";
import type { Pool } from "./pool/pool.js";
import type { PoolStats } from "./pool/pool-stats.js";
import { type CallFacts, mapRetryContext } from "./retry/map-context.js";
import { definitionFor } from "./definitions/definition.js";
import { type TaskFunction, taskRegistration } from "./task.js";
import { type FunctionReference, taskRunner, TaskRunner } from "./task-runner.js";
import { definitionOf } from "./worker.js";

const TaskRunnerWorker = definitionOf(taskRunner, TaskRunner, {});

/**
 * A pool that runs functions given at call time.
 *
 * A task made with `task()` is sent by reference: the worker imports its module. Any other function is sent as source and
 * must stand for itself: it reads nothing from outside but its arguments, globals, and what it imports itself. In mode
 * `distributed` tasks are sent by name, and other functions are refused: nodes run only what their modules define.
 *
 * @example
 * await using pool = new TaskPool({ mode: "process", maxWorkers: 4 });
 * await pool.submit((a: number, b: number) => a + b, 1, 2);   // 3
 * await pool.map((n: number) => n * n, [1, 2, 3]);            // [1, 4, 9]
 */
export class TaskPool implements AsyncDisposable {
  readonly #pool: Pool<TaskRunner>;
  readonly #refer: (fn: TaskFunction) => FunctionReference;

  /** @throws {TypeError | RangeError} for options that are not valid */
  constructor(options: Omit<PoolOptions, "blocking"> = {}) {
    checkRecord("options", options);
    const own = {
      ...options,
      ...(options.retry && { retry: mapRetryContext(options.retry, factsOf) }),
      blocking: false,
    };
    this.#pool = TaskRunnerWorker.options(own as PoolOptions & { blocking: false }).init();
    this.#refer = this.#pool.stats().mode === "distributed" ? referByName : refer;
  }

  /**
   * Runs `fn` with these arguments.
   * The future fails with a `DefinitionError` when the function reads a variable from outside itself.
   * @throws {TypeError} when `fn` is not a function with a source, or in mode `distributed` no task
   */
  submit<F extends TaskFunction>(fn: F, ...args: Args<Parameters<F>>): Future<Awaited<ReturnType<F>>> {
    return this.with({}).submit(fn, ...args);
  }

  /** Runs `fn` once per item: await the results, or iterate them. */
  map<T, R>(
    fn: (item: T) => R,
    items: AnyIterable<T | PromiseLike<T>>,
    options: MapOptions & { settled: true },
  ): Mapping<SettledItem<T, Awaited<R>>>;
  map<T, R>(
    fn: (item: T) => R,
    items: AnyIterable<T | PromiseLike<T>>,
    options?: MapOptions & { settled?: false },
  ): Mapping<Awaited<R>>;
  map(fn: (item: never) => unknown, items: AnyIterable<unknown>, options?: MapOptions): Mapping<unknown> {
    const reference = this.#refer(fn);
    const run = (item: unknown): Future<unknown> => this.#pool.run(reference, item);
    const { capacity, makeCall } = callableOf(this.#pool.run)!;
    return map(
      items,
      rememberCallable(run, {
        label: reference.name,
        capacity,
        makeCall: (args, taker) => makeCall!([reference, ...args], taker),
      }),
      options as MapOptions & { settled: true },
    );
  }

  /** Runs functions with these call options. */
  with(options: CallOptions): {
    submit<F extends TaskFunction>(fn: F, ...args: Args<Parameters<F>>): Future<Awaited<ReturnType<F>>>;
  } {
    const runner = this.#pool.with(options);
    return {
      submit: <F extends TaskFunction>(fn: F, ...args: Args<Parameters<F>>) =>
        runner.run(this.#refer(fn), ...args) as Future<Awaited<ReturnType<F>>>,
    };
  }

  async ready(): Promise<void> {
    await this.#pool.ready();
  }

  async drain(): Promise<void> {
    await this.#pool.drain();
  }

  async room(): Promise<void> {
    await this.#pool.room();
  }

  async resize(size: number | ElasticSize): Promise<void> {
    await this.#pool.resize(size);
  }

  async stop(options?: { timeout?: number }): Promise<void> {
    await this.#pool.stop(options);
  }

  stats(): PoolStats {
    return this.#pool.stats();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  static {
    staysHome(this);
  }
}

/** The function that a call runs and what it is given, from those of the method that runs it. */
function factsOf({ args: [reference, ...args] }: CallFacts): CallFacts {
  return { method: (reference as FunctionReference).name || "anonymous", args };
}

const sources = new WeakMap<object, FunctionReference>();

function refer(fn: TaskFunction): FunctionReference {
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot run a task as it must be a function: current value is ${show(fn)}`);
  }
  let reference = sources.get(fn);
  if (!reference) sources.set(fn, (reference = makeReference(fn)));
  return reference;
}

/** @throws {TypeError} when it is no task */
function referByName(fn: TaskFunction): FunctionReference {
  const registration = typeof fn === "function" ? taskRegistration(fn) : undefined;
  if (registration) {
    const { name: task, version } = definitionFor(registration);
    return { task, version, name: registration.name };
  }
  const name = typeof fn === "function" ? fn.name || "anonymous" : show(fn);
  throw new TypeError(
    `Cannot run '${name}' on a node as nodes run only what their modules define: make it a task, task(import.meta, fn)`,
  );
}

function makeReference(fn: TaskFunction): FunctionReference {
  const registration = taskRegistration(fn);
  if (registration) return { key: registration.key, url: registration.url, name: registration.name };
  const source = Function.prototype.toString.call(fn);
  if (/\{\s*\[native code\]\s*\}$/.test(source)) {
    throw new TypeError(
      `Cannot run '${fn.name}' in a worker as it is bound or built in and has no source: wrap it, as in (x) => fn(x)`,
    );
  }
  return { source, name: fn.name };
}
