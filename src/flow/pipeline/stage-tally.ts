import { Histogram, type Percentiles } from "../../pool/histogram.js";

/** What a stage is doing and has done. Items count one by one, also those of batches. */
export interface StageStats {
  readonly name: string;
  readonly concurrency: number;
  /** Items it began with. */
  readonly in: number;
  /** Results it gave. */
  readonly out: number;
  readonly failed: number;
  /** Attempts beyond the first. */
  readonly retried: number;
  /** What runs at the moment, also what was given up after `timeout` and has not ended; a batch is one. */
  readonly running: number;
  /** Items that the stage before has done and this one has not begun; 0 for the first. */
  readonly waiting: number;
  /** How long all runs together took, limits and retries included, in ms. */
  readonly busy: number;
  /** How long runs took, in ms. */
  readonly run: Percentiles;
}

/** Counts what a stage does. */
export class StageTally {
  in = 0;
  out = 0;
  failed = 0;
  retried = 0;
  busy = 0;
  readonly #run = new Histogram();

  ended(ms: number): void {
    this.busy += ms;
    this.#run.record(ms);
  }

  report(name: string, concurrency: number, running: number, before: StageTally | undefined): StageStats {
    const { in: began, out, failed, retried, busy } = this;
    const waiting = before ? before.out - began : 0;
    return { name, concurrency, in: began, out, failed, retried, running, waiting, busy, run: this.#run.percentiles() };
  }
}
