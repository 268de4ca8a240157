import { isMainThread } from "node:worker_threads";
import { worker } from "manyhands";

/** Shared by all workers of one event loop, and by no others: what matters belongs into the class. */
let callsInThisModule = 0;

export class EmptyTextError extends Error {
  override name = "EmptyTextError";
}

class Shouter {
  readonly #mark: string;

  constructor(mark = "!") {
    this.#mark = mark;
  }

  shout(text: string): string {
    callsInThisModule += 1;
    if (text === "") throw new EmptyTextError("Nothing to shout");
    return text.toUpperCase() + this.#mark;
  }

  place(): { pid: number; isMainThread: boolean; callsInThisModule: number } {
    return { pid: process.pid, isMainThread, callsInThisModule };
  }
}

export const ShouterWorker = worker(import.meta, Shouter);
