import { checkRecord } from "./config/check-fields.js";
import { show } from "./config/show.js";
import type { StandardSchema } from "./config/standard-schema.js";
import { DefinitionError } from "./errors.js";
import { ErrorClasses } from "./pool/error-classes.js";
import {
  type CallPlan,
  checkSchema,
  planMethods,
  type MethodOptions,
  type MethodSchema,
  type WorkerSchema,
} from "./pool/method-plan.js";
import { methodsOf, type ReservedMember } from "./pool/methods.js";
import { openPool, type PoolSource, rememberSource } from "./pool/open-pool.js";
import { type BlockingPool, openBlockingPool } from "./pool/blocking-pool.js";
import { type PoolOptions, resolveOptions } from "./pool/options.js";
import { type MethodKey, type Pool, PoolFactory } from "./pool/pool.js";
import { assertMetaGiven, type ModuleReference, register, type Registration } from "./registry.js";
import { Worker } from "./worker-base.js";

/** A class whose instances can be workers. */
export type WorkerClass = new (...args: never[]) => object;

/** What a definition says beside the class: defaults for its pools, and facts the class itself cannot tell. */
export interface WorkerDefaults<C extends WorkerClass = WorkerClass> extends Omit<PoolOptions, "blocking" | "methods"> {
  /** Error classes that arrive as themselves; those that the worker's module exports do so anyway. */
  errors?: readonly (abstract new (...args: never[]) => Error)[] | undefined;
  /** What is to be known about methods, and done around their calls, by name. */
  methods?: MethodsOf<InstanceType<C>> | undefined;
  /** Checks constructor arguments, arguments and results on the caller's side. */
  schema?: SchemaOf<InstanceType<C>> | undefined;
  /** The name, for a class that has none. */
  name?: string | undefined;
  /**
   * What a node must have for a pool in distributed mode to run there, 1 to 64 letters, digits, '.', '_', '+' or '-'.
   * Default: a digest of the source text, which any change makes another.
   */
  version?: string | undefined;
}

type AnyMethod = (...args: never[]) => unknown;

/** Options of methods by their names. */
export type MethodsOf<W extends object> = {
  readonly [K in keyof W as MethodKey<W, K>]?: MethodOptions<Extract<W[K], AnyMethod>>;
};

/** Options of a pool of `W`, which know its methods. */
export interface OptionsOf<W extends object> extends Omit<PoolOptions, "methods"> {
  /** What is done around calls of single methods; in place of what the definition says. */
  methods?: { readonly [K in keyof W as MethodKey<W, K>]?: CallPlan<Extract<W[K], AnyMethod>> } | undefined;
}

/**
 * Schemas of a worker class. Any Standard Schema will do: of zod, valibot, arktype.
 *
 * Types do not follow them: callers may pass what the methods of the class take, though a schema that converts accepts
 * more, such as the text of a number that comes from JSON or a form.
 */
export interface SchemaOf<W extends object> {
  /** Of the constructor arguments, as one tuple; synchronous. */
  readonly init?: StandardSchema | undefined;
  readonly methods?: { readonly [K in keyof W as MethodKey<W, K>]?: MethodSchema } | undefined;
}

/** A worker class that is ready to be run in any mode. */
export interface WorkerDefinition<C extends WorkerClass> extends WorkerBuilder<C, false> {
  /** The class itself. */
  readonly target: C;
  /** How the class is found where it runs. */
  readonly registration: Registration;
}

/** A definition with options, ready for the constructor arguments. */
export interface WorkerBuilder<C extends WorkerClass, IsBlocking extends boolean> {
  /** The same, with these options on top. */
  options<B extends boolean = IsBlocking>(
    options: OptionsOf<InstanceType<C>> & { blocking?: B | undefined },
  ): WorkerBuilder<C, Blocks<B, IsBlocking>>;
  /**
   * Makes a pool whose workers are constructed with these arguments. Returns at once: workers start with the first calls.
   *
   * @throws {TypeError | RangeError} for options that are not valid
   * @throws {DefinitionError} where the main script would run again in the workers
   * @throws {ValidationError} when the arguments do not pass their schema
   * @throws {SerializationError} when an argument cannot be sent to a worker
   */
  init(
    ...args: ConstructorParameters<C>
  ): IsBlocking extends true ? BlockingPool<InstanceType<C>> : Pool<InstanceType<C>>;
}

/** Whether a pool blocks once options are set; as before, where they may say either. */
type Blocks<B extends boolean, Before extends boolean> = boolean extends B ? Before : B;

/** Turns a class with a reserved method into a type error that says so. */
type Unreserved<C extends WorkerClass> = [Extract<keyof InstanceType<C>, ReservedMember>] extends [never]
  ? unknown
  : {
      readonly "Every pool has a member of this name: rename the method": Extract<
        keyof InstanceType<C>,
        ReservedMember
      >;
    };

/**
 * Makes an ordinary class a worker, to be run in any mode.
 *
 * Call it at the top level of the module that holds the class: threads and processes import that module to find it.
 *
 * @param meta - the module: `import.meta`, a file URL, or `__filename`
 * @param target - the class; its public methods become methods of the pool
 * @param definition - options for all its pools, and what the class itself cannot tell
 * @throws {DefinitionError} when a method has the name of a pool member, the class no name, or options name a method that
 *   does not exist
 * @throws {TypeError | RangeError} for options that are not valid
 * @example
 * class Counter {
 *   #count = 0;
 *   increment(by: number): number {
 *     return (this.#count += by);
 *   }
 * }
 * export const CounterWorker = worker(import.meta, Counter);
 */
export function worker<C extends WorkerClass>(
  meta: ModuleReference,
  target: C & Unreserved<C>,
  definition: WorkerDefaults<C> = {},
): WorkerDefinition<C> {
  assertMetaGiven(meta, target, "a worker", (name) => `worker(import.meta, ${name})`);
  if (typeof target !== "function" || typeof target.prototype !== "object") {
    throw new TypeError(
      `Cannot define a worker as its second argument must be a class: current value is ${show(target)}`,
    );
  }
  checkRecord("definition", definition);
  if (definition.methods !== undefined) checkRecord("methods", definition.methods);
  const { name = target.name } = definition;
  if (typeof name !== "string") {
    throw new TypeError(`Cannot set 'name' as it must be a string: current value is ${show(name)}`);
  }
  if (name === "")
    throw new DefinitionError("Cannot define a worker from a class without a name: pass { name } or name it");
  const { version } = definition;
  if (version !== undefined) checkVersion(version);
  const facts = examine(name, target, definition);
  return build<C>(register(meta, name, target, version), target, facts);
}

/** The definition of a class that is registered, and was examined where it was defined first. */
export function definitionOf<C extends WorkerClass>(
  registration: Registration,
  target: C,
  definition: WorkerDefaults<C>,
): WorkerDefinition<C> {
  return build(registration, target, examine(registration.name, target, definition));
}

/** Checks all that a definition says. */
function examine(name: string, target: WorkerClass, definition: WorkerDefaults): Omit<PoolSource, "registration"> {
  const { errors = [], methods = {}, schema: given, name: _name, version: _version, ...defaults } = definition;
  const schema = given as WorkerSchema | undefined;
  const facts = methods as Readonly<Record<string, MethodOptions>>;
  const found = methodsOf(target, Worker.prototype, facts);
  if (schema !== undefined) checkSchema(name, found, schema);
  checkDefaults(defaults);
  planMethods(name, found, { definition: facts, pool: undefined, retry: defaults.retry, schema });
  return { methods: found, errorClasses: new ErrorClasses(errors), defaults, facts, schema };
}

function build<C extends WorkerClass>(
  registration: Registration,
  target: C,
  facts: Omit<PoolSource, "registration">,
): WorkerDefinition<C> {
  const source: PoolSource = { registration, ...facts };
  rememberSource(source);
  const factory = new PoolFactory(facts.methods);
  const builder = <IsBlocking extends boolean>(own: PoolOptions): WorkerBuilder<C, IsBlocking> => ({
    options: (more) => {
      checkRecord("options", more);
      return builder({ ...own, ...(more as PoolOptions) });
    },
    init: (...args) =>
      (own.blocking ? openBlockingPool(source, own, args) : factory.create(openPool(source, own, args))) as ReturnType<
        WorkerBuilder<C, IsBlocking>["init"]
      >,
  });
  return { ...builder<false>({}), target, registration };
}

/** It stands in messages and tables, and where machines compare it. */
function checkVersion(version: unknown): void {
  if (typeof version === "string" && /^[\w.+-]{1,64}$/.test(version)) return;
  throw new TypeError(
    `Cannot set 'version' as it must be 1 to 64 letters, digits, '.', '_', '+' or '-': current value is ${show(version)}`,
  );
}

function checkDefaults(defaults: PoolOptions): void {
  resolveOptions(defaults);
  if (defaults.blocking !== undefined) {
    throw new TypeError(
      "Cannot set 'blocking' in a definition as the type of the pool depends on it: set it in options()",
    );
  }
}
