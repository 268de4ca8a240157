/** Finds what `MODULE#export.method` names, and tells how it is called. */
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { closest } from "../../config/closest.js";
import { listWords } from "../../config/one-of.js";
import { importUserModule } from "../../host/import-module.js";
import { type PoolSource, sourceOf } from "../../pool/open-pool.js";
import type { PoolOptions } from "../../pool/options.js";
import type { Registration } from "../../registry.js";
import { type Task, type TaskFunction, taskRegistration } from "../../task.js";
import type { WorkerDefinition, WorkerClass } from "../../worker.js";
import { UsageError } from "../usage-error.js";
import { FunctionRunnerWorker } from "./function-runner.js";

/** Something that can be called for each item. */
export interface Target {
  /** The path of the module. */
  readonly module: string;
  readonly exportName: string;
  /** For a worker, the method of it that is called. */
  readonly method: string | undefined;
  readonly kind: "worker" | "task" | "function";
  /** The definition behind it: its options, and those of its methods. */
  readonly source: PoolSource;
  /** The method of that definition that is called, as options of a pool name it. */
  readonly poolMethod: string;
  readonly isStream: boolean;
  /**
   * Makes the pool it is called in.
   * @param init - arguments of the constructor
   */
  open(options: PoolOptions, init: readonly unknown[]): OpenTarget;
}

/** A pool, as far as a batch needs it. */
export interface OpenTarget {
  call(...args: unknown[]): unknown;
  stop(timeout: number): Promise<void>;
}

type AnyPool = Record<string, (...args: unknown[]) => unknown> & { stop(options: { timeout: number }): Promise<void> };
type AnyDefinition = WorkerDefinition<WorkerClass>;
type Exports = Readonly<Record<string, unknown>>;

/**
 * Loads the module and finds what the reference names.
 * @throws {UsageError} when there is no such thing, or it cannot be called; the message holds the remedy
 */
export async function findTarget(reference: string): Promise<Target> {
  const hash = reference.lastIndexOf("#");
  const path = hash === -1 ? reference : reference.slice(0, hash);
  const [wanted, method] = splitName(hash === -1 ? "" : reference.slice(hash + 1));
  const module = resolve(path);
  if (path === "" || !existsSync(module)) {
    throw new UsageError(
      `Cannot find the module '${path}' as there is no such file: write its path, as in ./worker.js#Hasher`,
    );
  }
  const url = pathToFileURL(realpathSync(module)).href;
  const exports = (await load(url, path)) as Exports;
  const exportName = wanted === "" ? theOnly(exports, path) : wanted;
  if (!Object.hasOwn(exports, exportName)) throw noSuchExport(exports, path, exportName);
  const shown = `${path}#${exportName}`;
  const value = exports[exportName];
  const described = { module, exportName, method: undefined };
  if (isDefinition(value)) return { ...described, ...fromDefinition(value, method, shown) };
  if (method !== undefined) {
    throw new UsageError(`Cannot call '${method}' of ${shown} as it is no worker: leave out '.${method}'`);
  }
  const registration = typeof value === "function" ? taskRegistration(value) : undefined;
  if (registration) return { ...described, ...fromTask(value as Task<TaskFunction>, registration) };
  if (typeof value === "function") return { ...described, ...fromFunction(value, url, exportName, shown) };
  throw new UsageError(`Cannot call ${shown} as it is neither a worker, a task nor a function: ${remedyOf(exports)}`);
}

function splitName(name: string): [exportName: string, method: string | undefined] {
  const dot = name.indexOf(".");
  return dot === -1 ? [name, undefined] : [name.slice(0, dot), name.slice(dot + 1)];
}

async function load(url: string, path: string): Promise<object> {
  try {
    return await importUserModule(url);
  } catch (error) {
    const { name = "Error", message = String(error) } = error as Partial<Error>;
    throw new UsageError(`Cannot load ${path} as it threw ${name}: ${message.split("\n", 1)[0]}`, { cause: error });
  }
}

/** Without a name: the default export, or the only one that can be called. */
function theOnly(exports: Exports, path: string): string {
  if (Object.hasOwn(exports, "default")) return "default";
  const names = callable(exports);
  if (names.length === 1) return names[0]!;
  throw new UsageError(`Cannot tell which export of ${path} to call: ${remedyOf(exports)}`);
}

function noSuchExport(exports: Exports, path: string, name: string): UsageError {
  const hint = closest(name, Object.keys(exports));
  return new UsageError(
    `Cannot find '${name}' in ${path} as there is no such export: ${hint ? `did you mean '${hint}'?` : remedyOf(exports)}`,
  );
}

function remedyOf(exports: Exports): string {
  const names = callable(exports);
  return names.length > 0 ? `name one of ${listWords(names)}` : "export a worker, a task or a function";
}

function callable(exports: Exports): string[] {
  return Object.keys(exports).filter((name) => isDefinition(exports[name]) || typeof exports[name] === "function");
}

function isDefinition(value: unknown): value is AnyDefinition {
  return typeof value === "object" && value !== null && "registration" in value && "init" in value;
}

type Described = Omit<Target, "module" | "exportName">;

function fromDefinition(definition: AnyDefinition, method: string | undefined, shown: string): Described {
  const source = sourceOf(definition.registration) as PoolSource | undefined;
  if (!source) {
    throw new UsageError(
      `Cannot use ${shown} as it was defined with another copy of manyhands: run the command of that copy, as npx ` +
        "manyhands does in the folder it is installed in",
    );
  }
  const names = source.methods.map(({ name }) => name);
  const only = names.length === 1 ? names[0] : undefined;
  if (method === undefined && only === undefined) {
    throw new UsageError(
      `Cannot tell which method of ${shown} to call: append one of ${listWords(names.map((name) => `.${name}`))}`,
    );
  }
  const called = method ?? only!;
  const found = source.methods.find(({ name }) => name === called);
  if (!found) {
    const hint = closest(called, names);
    throw new UsageError(
      `Cannot call '${called}' of ${shown} as there is no such method: ` +
        (hint ? `did you mean '${hint}'?` : `append one of ${listWords(names.map((name) => `.${name}`))}`),
    );
  }
  return {
    method: called,
    kind: "worker",
    source,
    poolMethod: called,
    isStream: found.isStream,
    open: (options, init) => {
      const pool = definition.options(options).init(...(init as never[])) as unknown as AnyPool;
      return { call: (...args) => pool[called]!(...args), stop: (timeout) => pool.stop({ timeout }) };
    },
  };
}

function fromTask(task: Task<TaskFunction>, registration: Registration): Described {
  const source = sourceOf(registration);
  return {
    method: undefined,
    kind: "task",
    source,
    poolMethod: "run",
    isStream: source.methods[0]!.isStream,
    open: (options) => {
      const own = task.options(options);
      return { call: own as unknown as OpenTarget["call"], stop: (timeout) => own.stop({ timeout }) };
    },
  };
}

function fromFunction(value: object, url: string, exportName: string, shown: string): Described {
  if (/^class\b/.test(Function.prototype.toString.call(value))) {
    throw new UsageError(
      `Cannot call ${shown} as it is a class: export worker(import.meta, ${exportName}), and name that`,
    );
  }
  if (/Generator/.test(value.constructor.name)) {
    throw new UsageError(`Cannot call ${shown} as it is a generator: export task(import.meta, ${exportName})`);
  }
  return {
    method: undefined,
    kind: "function",
    source: sourceOf(FunctionRunnerWorker.registration),
    poolMethod: "run",
    isStream: false,
    open: (options) => {
      const pool = FunctionRunnerWorker.options(options).init(url, exportName);
      return { call: (...args) => pool.run(...args), stop: (timeout) => pool.stop({ timeout }) };
    },
  };
}

/** What decides on the lines of the output; where and how fast they are made does not. */
export function settingsOf(
  { module, exportName, method }: Target,
  output: string,
  init: unknown,
  isSpread: boolean,
): Record<string, unknown> {
  return {
    // As seen from the output: a folder that is moved as a whole can be resumed.
    module: relative(dirname(resolve(output)), module)
      .split(sep)
      .join("/"),
    export: exportName,
    ...(method !== undefined && { method }),
    ...(init !== undefined && { init }),
    ...(isSpread && { spread: true }),
  };
}

/** What a target is called in the display. */
export function nameOf({ exportName, method, module }: Pick<Target, "exportName" | "method" | "module">): string {
  if (method !== undefined) return `${exportName}.${method}`;
  return exportName === "default" ? basename(module) : exportName;
}
