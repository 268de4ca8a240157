/**
 * How long the calls of a worker take: tells how many are worth handing to it ahead of time.
 *
 * Where a message travels long, a worker must have as much to do as passes until the next arrives. More is of no use, and
 * does harm when calls are long: they wait behind each other while another worker is idle, and when the worker is lost
 * with its node, all of them count as begun.
 */
import type { ResolvedOptions } from "./options.js";

/** How much the last call counts. */
const WEIGHT = 1 / 8;
/** As long a call takes until the first ones tell. */
const UNKNOWN_MS = 10;

export class Pace {
  #ran = UNKNOWN_MS;
  readonly #least: number;

  /** @param least - so many are handed ahead in any case (default: 2): a worker should not wait for each */
  constructor(least = 2) {
    this.#least = least;
  }

  /** Notes how long a call took, in ms. */
  record(ran: number): void {
    this.#ran += (ran - this.#ran) * WEIGHT;
  }

  /** How many calls are handed over beyond those that run. */
  ahead({ maxQueuedTasks, queuedWork, concurrency }: AheadOptions): number {
    return Math.min(maxQueuedTasks, Math.max(this.#least, Math.floor((queuedWork * concurrency) / this.#ran)));
  }
}

type AheadOptions = Pick<ResolvedOptions, "maxQueuedTasks" | "queuedWork" | "concurrency">;
