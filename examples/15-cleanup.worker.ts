import { worker } from "manyhands";

/** Where the numbers of open and of ever opened connections stand in shared memory. */
export const OPEN = 0;
export const OPENED = 1;

class Connection implements AsyncDisposable {
  readonly #counters: Int32Array;

  constructor(counters: Int32Array) {
    this.#counters = counters;
    Atomics.add(counters, OPEN, 1);
    Atomics.add(counters, OPENED, 1);
  }

  query(text: string): string {
    if (text === "") throw new SyntaxError("Empty query");
    return `result of ${text}`;
  }

  /** Runs when the pool stops, when a worker is retired by `resize`, recycled, or was only there on demand. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
    Atomics.sub(this.#counters, OPEN, 1);
  }
}

export const ConnectionWorker = worker(import.meta, Connection);
