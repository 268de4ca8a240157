/** What is done around the calls of one method: limits before them, retries after them, schemas on both sides. */
import { show } from "../config/show.js";
import { checkFunction } from "../config/check-function.js";
import { checkFields, checkRecord } from "../config/check-fields.js";
import { closest } from "../config/closest.js";
import { isStandardSchema, type StandardSchema } from "../config/standard-schema.js";
import { DefinitionError } from "../errors.js";
import type { Amounts } from "../limits/grant.js";
import type { RetryOptions } from "../retry/options.js";
import { RetryPolicy } from "../retry/policy.js";

/** A method of the worker class, as calls refer to it. */
export interface MethodInfo {
  readonly index: number;
  readonly name: string;
  readonly isStream: boolean;
}

type AnyFunction = (...args: never[]) => unknown;

/** What a call ends with: its result, or nothing where it streams. */
type CallEnd<R> =
  R extends AsyncGenerator<unknown, unknown, unknown>
    ? undefined
    : R extends Generator<unknown, unknown, unknown>
      ? undefined
      : Awaited<R>;

/** What the options of a pool may say of a method with the type `F`. */
export interface CallPlan<F extends AnyFunction = AnyFunction> {
  /** What a call takes of the limits of the pool, before it is given to a worker. It sees the arguments as they will be sent. */
  readonly cost?: ((...args: Parameters<F>) => Amounts) | undefined;
  /**
   * What a call really took, as its result tells: settles what `cost` took. Nothing keeps the estimate. The result of a
   * stream is `undefined` here, as its items have gone to the reader.
   */
  readonly usage?: ((result: CallEnd<ReturnType<F>>, ...args: Parameters<F>) => Amounts | undefined) | undefined;
  /** In place of the pool's: the two are not merged. `{ retries: 0 }` makes no call again. */
  readonly retry?: RetryOptions | undefined;
}

/** What a definition may say of a method with the type `F`. */
export interface MethodOptions<F extends AnyFunction = AnyFunction> extends CallPlan<F> {
  /** Whether the method returns something to iterate; known by itself of `async *` and `*` methods. */
  readonly stream?: boolean | undefined;
}

/** Schemas of a worker class: checked on the caller's side, before anything is sent. Any Standard Schema will do. */
export interface WorkerSchema {
  /** Of the constructor arguments, as one tuple; synchronous. */
  readonly init?: StandardSchema | undefined;
  readonly methods?: Readonly<Record<string, MethodSchema>> | undefined;
}

/** Schemas of a method. */
export interface MethodSchema {
  /** Of the arguments, as one tuple. */
  readonly args?: StandardSchema | undefined;
  readonly result?: StandardSchema | undefined;
}

/** All that is done around the calls of one method. */
export interface MethodPlan {
  readonly cost: ((...args: unknown[]) => Amounts) | undefined;
  readonly usage: ((result: unknown, ...args: unknown[]) => Amounts | undefined) | undefined;
  readonly retry: RetryPolicy | undefined;
  readonly args: StandardSchema | undefined;
  readonly result: StandardSchema | undefined;
}

const CALL_PLAN: Readonly<Record<keyof CallPlan, true>> = { cost: true, usage: true, retry: true };
const METHOD_OPTIONS: readonly string[] = Object.keys({
  ...CALL_PLAN,
  stream: true,
} satisfies Record<keyof MethodOptions, true>);
const WORKER_SCHEMA: Readonly<Record<keyof WorkerSchema, true>> = { init: true, methods: true };
const METHOD_SCHEMA: Readonly<Record<keyof MethodSchema, true>> = { args: true, result: true };

/** Where plans come from, the strongest last. */
export interface PlanSources {
  readonly definition: Readonly<Record<string, CallPlan>>;
  readonly pool: Readonly<Record<string, CallPlan>> | undefined;
  readonly retry: RetryOptions | undefined;
  readonly schema: WorkerSchema | undefined;
}

/**
 * A plan for each method, by its index; `undefined` for one that needs none.
 * @throws {TypeError | RangeError} for options that are not valid
 * @throws {DefinitionError} for methods that do not exist
 */
export function planMethods(
  name: string,
  methods: readonly MethodInfo[],
  sources: PlanSources,
): readonly (MethodPlan | undefined)[] {
  checkMethods(name, methods, sources.definition, METHOD_OPTIONS);
  if (sources.pool !== undefined) checkMethods(name, methods, sources.pool, Object.keys(CALL_PLAN));
  const common = sources.retry === undefined ? undefined : new RetryPolicy(sources.retry);
  return methods.map((method) => {
    const own: CallPlan = { ...sources.definition[method.name], ...sources.pool?.[method.name] };
    const schema = sources.schema?.methods?.[method.name];
    const retry = own.retry === undefined ? common : new RetryPolicy(own.retry, `methods.${method.name}.retry`);
    if (own.cost !== undefined) checkFunction(`methods.${method.name}.cost`, own.cost);
    if (own.usage !== undefined) checkFunction(`methods.${method.name}.usage`, own.usage);
    if (!own.cost && !own.usage && !retry && !schema) return undefined;
    return {
      cost: own.cost as MethodPlan["cost"],
      usage: own.usage as MethodPlan["usage"],
      retry,
      args: schema?.args,
      result: schema?.result,
    };
  });
}

/**
 * @throws {DefinitionError} for a method that does not exist
 * @throws {TypeError} for what is no schema, a field that does not exist, and the result of a stream
 */
export function checkSchema(name: string, methods: readonly MethodInfo[], schema: WorkerSchema): void {
  checkFields("schema", schema, Object.keys(WORKER_SCHEMA));
  checkOne("schema.init", schema.init);
  if (schema.methods === undefined) return;
  checkRecord("schema.methods", schema.methods);
  checkNames(name, methods, Object.keys(schema.methods));
  for (const [method, own] of Object.entries(schema.methods)) {
    const path = `schema.methods.${method}`;
    if (own === undefined) continue;
    checkFields(path, own, Object.keys(METHOD_SCHEMA));
    checkOne(`${path}.args`, own.args);
    checkOne(`${path}.result`, own.result);
    if (own.result === undefined || !methods.some((known) => known.name === method && known.isStream)) continue;
    throw new TypeError(`Cannot set '${path}.result' as the method is a stream, whose items are read as they come`);
  }
}

function checkOne(path: string, value: unknown): void {
  if (value === undefined || isStandardSchema(value)) return;
  throw new TypeError(
    `Cannot set '${path}' as it must be a Standard Schema, of zod or valibot or another library: current value is ` +
      show(value),
  );
}

function checkMethods(
  name: string,
  methods: readonly MethodInfo[],
  options: Readonly<Record<string, CallPlan | undefined>>,
  known: readonly string[],
): void {
  checkRecord("methods", options);
  checkNames(name, methods, Object.keys(options));
  for (const [method, own] of Object.entries(options)) {
    if (own !== undefined) checkFields(`methods.${method}`, own, known);
  }
}

/** @throws {DefinitionError} with the nearest name */
export function checkNames(name: string, methods: readonly MethodInfo[], names: readonly string[]): void {
  const known = methods.map((method) => method.name);
  for (const wanted of names) {
    if (known.includes(wanted)) continue;
    const hint = closest(wanted, known);
    throw new DefinitionError(
      `Cannot set options of '${name}.${wanted}' as there is no such method${hint ? `: did you mean '${hint}'?` : ""}`,
    );
  }
}
