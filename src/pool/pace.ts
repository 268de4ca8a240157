/**
 * How long the calls of a worker take: tells how many are worth handing to it ahead of time.
 *
 * Where a message travels long, a worker must have as much to do as passes until the next arrives. More is of no use, and
 * does harm when calls are long: they wait behind each other while another worker is idle, and when the worker is lost
 * with its node, all of them count as begun.
 *
 * The estimate follows calls that become longer at once, and those that become shorter slowly: to hand over too few costs
 * a little throughput, to hand over too many keeps calls waiting. And each answer at most doubles the number, so that the
 * first worker to answer does not take all that waits before the others have said a word. A worker that has said nothing
 * for as long as what it was handed should take is busy with a long call, and gets no more until it says something.
 */
import { turnNow } from "../config/turn-clock.js";
import type { ResolvedOptions } from "./options.js";

/** How much the last call counts, when it took longer than the ones before, and when it did not. */
const RISING = 1 / 8;
const FALLING = 1 / 32;
/** As long a call takes until the first ones tell. */
const UNKNOWN_MS = 10;

export class Pace {
  #ran = UNKNOWN_MS;
  #isKnown = false;
  readonly #options: PaceOptions;
  readonly #least: number;
  readonly #now: () => number;
  /** So many it may be handed ahead at most, as it has not been handed half as many before. */
  #allowed: number;
  /** Whether it depends on the calls how many are handed ahead. */
  readonly isAdaptive: boolean;
  /** When the worker last said something, or was given something to do when it had nothing, on the monotonic clock. */
  #heardAt = 0;

  /** @param least - so many are handed ahead in any case (default: 2): a worker should not wait for each */
  constructor(options: PaceOptions, least = 2, now: () => number = turnNow) {
    this.#options = options;
    this.#now = now;
    this.isAdaptive = options.queuedWork < Number.POSITIVE_INFINITY;
    this.#least = Math.min(least, options.maxQueuedTasks);
    this.#allowed = this.#least;
  }

  /** Notes how long a call took, in ms. */
  record(ran: number): void {
    if (!this.isAdaptive) return;
    if (this.#isKnown) this.#ran += (ran - this.#ran) * (ran > this.#ran ? RISING : FALLING);
    else this.#ran = ran;
    this.#isKnown = true;
  }

  /** The worker, which had nothing to do, has something now. */
  begun(): void {
    if (this.isAdaptive) this.#heardAt = this.#now();
  }

  /** The worker has answered some calls. */
  heard(): void {
    if (!this.isAdaptive) return;
    this.#heardAt = this.#now();
    this.#allowed = Math.max(this.#least, Math.min(2 * this.#allowed, this.#worthwhile));
  }

  get #worthwhile(): number {
    const { maxQueuedTasks, queuedWork, concurrency } = this.#options;
    return Math.min(maxQueuedTasks, Math.floor((queuedWork * concurrency) / this.#ran));
  }

  /** How many calls are handed over beyond those that run. */
  get ahead(): number {
    return this.isAdaptive ? this.#allowed : this.#options.maxQueuedTasks;
  }

  /** Whether a worker that has so many calls may get another one now, as far as its silence tells. */
  mayAdd(active: number): boolean {
    const { queuedWork, concurrency } = this.#options;
    if (!this.isAdaptive || active < concurrency + this.#least) return true;
    return this.#now() - this.#heardAt <= queuedWork;
  }
}

type PaceOptions = Pick<ResolvedOptions, "maxQueuedTasks" | "queuedWork" | "concurrency">;
