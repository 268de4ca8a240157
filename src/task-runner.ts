/** The worker behind `TaskPool`: runs functions that it is told of at call time. */
import { DefinitionError } from "./errors.js";
import { importRegistration } from "./host/import-module.js";
import { findRegistration, register } from "./registry.js";

/** A function to run: a task by the place of its definition, or by its name; any other by its source. */
export type FunctionReference =
  | TaskPlace
  | { readonly task: string; readonly version: string; readonly name: string }
  | { readonly source: string; readonly name: string };

/** Where a task is defined. */
export interface TaskPlace {
  readonly key: string;
  readonly url: string;
  readonly name: string;
}

/** The tasks that a node knows, by name. */
export type TaskDirectory = Readonly<Record<string, TaskPlace & { readonly version: string }>>;

type AnyFunction = (...args: unknown[]) => unknown;
type Maker = (keepName: (fn: unknown) => unknown) => AnyFunction;

/** What the workers of a `TaskPool` are. */
export class TaskRunner {
  readonly #functions = new Map<string, AnyFunction>();
  readonly #directory: ReadonlyMap<string, TaskDirectory[string]> | undefined;

  /** @param directory - on a node: the only functions that run there */
  constructor(directory?: TaskDirectory) {
    if (directory) this.#directory = new Map(Object.entries(directory));
  }

  run(given: FunctionReference, ...args: unknown[]): unknown {
    const reference = this.#directory ? this.#find(this.#directory, given) : given;
    if ("task" in reference) throw new DefinitionError(`Cannot run the task '${reference.task}' by its name here`);
    if ("source" in reference) return runFromSource(this.#compile(reference.source), args);
    const known = this.#functions.get(reference.key) ?? this.#registered(reference.key);
    if (known) return known(...args);
    return this.#load(reference).then((loaded) => loaded(...args));
  }

  #find(directory: ReadonlyMap<string, TaskDirectory[string]>, reference: FunctionReference): TaskPlace {
    if (!("task" in reference)) {
      throw new DefinitionError(`Cannot run '${reference.name}' on a node as it runs tasks of its own modules only`);
    }
    const place = directory.get(reference.task);
    if (place && place.version === reference.version) return place;
    throw new DefinitionError(
      place
        ? `Cannot run the task '${reference.task}' as the node has another version of it: ${place.version} there, ` +
            `${reference.version} here`
        : `Cannot run the task '${reference.task}' as the node knows none: name its module to the node`,
    );
  }

  #compile(source: string): AnyFunction {
    let compiled = this.#functions.get(source);
    if (!compiled) this.#functions.set(source, (compiled = compile(source)));
    return compiled;
  }

  #registered(key: string): AnyFunction | undefined {
    const registration = findRegistration(key);
    if (!registration) return undefined;
    const instance = new registration.target() as { run: AnyFunction };
    const bound: AnyFunction = (...args) => instance.run(...args);
    this.#functions.set(key, bound);
    return bound;
  }

  async #load({ url, key, name }: { key: string; url: string; name: string }): Promise<AnyFunction> {
    await importRegistration(url, key, name);
    return this.#registered(key)!;
  }
}

export const taskRunner = register(import.meta, "TaskRunner", TaskRunner);

/** Compiles in the global scope, so that a variable of the place the function was written in is not there. */
function compile(source: string): AnyFunction {
  const attempts = [`(${source}\n)`, `({ ${source}\n})[Object.keys({ ${source}\n})[0]]`];
  let failure: unknown;
  for (const expression of attempts) {
    try {
      // `__name` is what compilers that keep the names of functions wrap them in.
      // oxlint-disable-next-line typescript/no-implied-eval -- running functions by source is what this file is for
      const make = new Function("__name", `"use strict"; return ${expression};`) as Maker;
      return make((fn) => fn);
    } catch (error) {
      failure = error;
    }
  }
  throw new DefinitionError(`Cannot run the function as its source does not stand for itself: ${String(failure)}`, {
    cause: failure,
  });
}

function runFromSource(fn: AnyFunction, args: unknown[]): unknown {
  try {
    const result = fn(...args);
    if (result instanceof Promise) return result.catch((error: unknown) => rethrow(error));
    return result;
  } catch (error) {
    return rethrow(error);
  }
}

function rethrow(error: unknown): never {
  const missing = error instanceof ReferenceError ? /^(\S+) is not defined$/.exec(error.message)?.[1] : undefined;
  if (missing === undefined) throw error;
  throw new DefinitionError(
    `Cannot run the function in a worker as it reads '${missing}' from outside itself: pass it as an argument, import ` +
      "it inside the function, or define the function with task()",
    { cause: error },
  );
}
