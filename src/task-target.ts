/** The class that runs the function of a task, and its name: the same on both sides. */
import { processWide } from "./config/process-wide.js";

type AnyFunction = (...args: never[]) => unknown;

/** The function of a task, and what was on the stack when it was made one. */
export interface TaskOrigin {
  readonly fn: AnyFunction;
  /** Where a function without a name was made a task; the text is made when it is read. */
  readonly site: { readonly stack?: string } | undefined;
}

const origins = processWide("task-origins", () => new WeakMap<object, TaskOrigin>());

export function taskTarget(fn: AnyFunction): new () => { run(...args: never[]): unknown } {
  const target = class {
    run(...args: never[]): unknown {
      return fn(...args);
    }
  };
  let site: { stack?: string } | undefined;
  if (fn.name === "") Error.captureStackTrace((site = {}), taskTarget);
  origins.set(target, { fn, site });
  return target;
}

/** The function that such a class runs; `undefined` for a class of another kind. */
export function taskOrigin(target: object): TaskOrigin | undefined {
  return origins.get(target);
}

/** What a task is called. */
export function taskName(fn: { readonly name: string }, options: { readonly name?: string | undefined }): string {
  return options.name ?? (fn.name || "task");
}
