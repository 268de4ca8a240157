/** The class that runs the function of a task, and its name: the same on both sides. */
export function taskTarget(fn: (...args: never[]) => unknown): new () => { run(...args: never[]): unknown } {
  return class {
    run(...args: never[]): unknown {
      return fn(...args);
    }
  };
}

/** What a task is called. */
export function taskName(fn: { readonly name: string }, options: { readonly name?: string | undefined }): string {
  return options.name ?? (fn.name || "task");
}
