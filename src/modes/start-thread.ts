import { Worker, type WorkerOptions } from "node:worker_threads";
import { closeGate, dropGate, withGate } from "../config/load-gate.js";
import { inheritable } from "./inheritable.js";

/** A thread, and the one safe way to end it from outside. */
export interface StartedThread {
  readonly thread: Worker;
  /** Ends it, once it is loading no modules. */
  end(): void;
}

/**
 * Starts a thread in a module of ours, with these arguments of Node.js besides those that it would have.
 *
 * Of the arguments that a process may have, a thread refuses many when they are given to it instead of being inherited, all
 * those of V8 among them, which hold for all threads anyway: the others are given without them. But a program that was given
 * as text (`node --input-type=module -e …`) hands down that it is one, and Node.js then refuses to begin a thread with a
 * file, though not to import it.
 */
export function startThread(entry: URL, options: WorkerOptions, besides: readonly string[] = []): StartedThread {
  const { started: thread, gate } = withGate(() => openThread(entry, options, besides));
  thread.once("exit", () => dropGate(gate));
  return { thread, end: () => closeGate(gate, () => void thread.terminate()) };
}

function openThread(entry: URL, options: WorkerOptions, besides: readonly string[]): Worker {
  let own = options.execArgv ?? inheritable(process.execArgv);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      return new Worker(entry, { ...options, execArgv: [...own, ...besides] });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ERR_WORKER_INVALID_EXEC_ARGV") throw error;
      // What was asked for is not left out unasked.
      if (options.execArgv) break;
      const refused = refusedIn(error as Error);
      own = own.filter((argument) => !refused.includes(argument));
    }
  }
  const isText = !options.execArgv && process.execArgv.some((argument) => /^--input-type(?:=|$)/.test(argument));
  if (!isText) return new Worker(entry, options);
  return new Worker(`import(${JSON.stringify(entry.href)})`, { ...options, eval: true });
}

/** The arguments that a thread was not given, as Node.js lists them at the end of its message. */
function refusedIn({ message }: Error): readonly string[] {
  return message.slice(message.indexOf(": ") + 2).split(", ");
}
