import { Worker, worker } from "manyhands";

class BatchProcessor extends Worker {
  /** Counts constructions in shared memory: loading a model here would happen as often. */
  constructor(constructions: Int32Array) {
    super();
    Atomics.add(constructions, 0, 1);
  }

  processBatch(values: readonly number[]): { processed: number; sum: number; by: string } {
    return { processed: values.length, sum: values.reduce((sum, value) => sum + value, 0), by: this.worker.id };
  }
}

export const BatchProcessorWorker = worker(import.meta, BatchProcessor);
