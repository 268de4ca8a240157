import { worker } from "manyhands";

/** An ordinary class: each worker of a pool has its own instance, and with it its own state. */
class DataProcessor {
  readonly #multiplier: number;
  #processed = 0;

  constructor(multiplier: number) {
    this.#multiplier = multiplier;
  }

  process(value: number): { result: number; count: number } {
    this.#processed += 1;
    return { result: value * this.#multiplier, count: this.#processed };
  }

  processed(): number {
    return this.#processed;
  }
}

export const DataProcessorWorker = worker(import.meta, DataProcessor);
