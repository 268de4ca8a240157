import { Worker, worker } from "manyhands";

class Counting extends Worker {
  #processed = 0;

  process(_value: number): number {
    this.#processed += 1;
    return this.worker.index;
  }

  /** Blocks its thread until somebody opens the gate, as a long computation would. */
  slow(gate: Int32Array): void {
    Atomics.wait(gate, 0, 0);
  }

  count(): number {
    return this.#processed;
  }
}

export const CountingWorker = worker(import.meta, Counting);
