import { Worker, type WorkerOptions } from "node:worker_threads";

/**
 * Starts a thread in a module of ours.
 *
 * A program that was given as text (`node --input-type=module -e …`) hands down that it is one, and Node.js then refuses
 * to begin a thread with a file, but not to import it. Arguments that are given instead of the inherited ones are no way
 * out: of those that a process may have, a thread refuses many.
 */
export function startThread(entry: URL, options: WorkerOptions): Worker {
  const isText = !options.execArgv && process.execArgv.some((argument) => /^--input-type(?:=|$)/.test(argument));
  if (!isText) return new Worker(entry, options);
  return new Worker(`import(${JSON.stringify(entry.href)})`, { ...options, eval: true });
}
