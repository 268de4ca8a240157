/**
 * The numbers and the state of one bar.
 *
 * Owns the counts, the times, the texts and the estimate of the rate. Does not own how they are shown: that is its
 * output's.
 *
 * States: live → `success` | `failure` | `stopped`, once.
 *
 * M1. After the end nothing changes: a result that comes late is not counted.
 * M2. The clock is looked at now and then only, by `isTimeToLook`: an item costs an addition.
 */
import type { Clock } from "../config/monotonic.js";
import { RateEstimate } from "./rate-estimate.js";

/** How a bar ended. */
export type ProgressEnding = "success" | "failure" | "stopped";

/** A bar as it is drawn at one moment. */
export interface BarView {
  readonly description: string;
  readonly unit: string;
  readonly total: number | undefined;
  readonly done: number;
  readonly failures: number;
  readonly ending: ProgressEnding | undefined;
  /** What was said at the end. */
  readonly text: string | undefined;
  /** In ms. */
  readonly elapsed: number;
  /** Per second: lately, or on the whole when it has ended. */
  readonly rate: number;
  /** How many bars it is nested in. */
  readonly depth: number;
}

/** Options of a meter, checked. */
export interface MeterOptions {
  readonly description: string;
  readonly unit: string;
  readonly total: number | undefined;
  readonly initial: number;
  readonly leave: boolean | undefined;
  readonly interval: number;
  readonly parent: Meter | undefined;
  readonly clock: Clock;
}

/** At most so many items are counted between two looks at the clock. */
const LONGEST_STRIDE = 64;
/** The clock is looked at more rarely where items are faster than this, in ms for the whole stride. */
const SHORT_STRIDE_MS = 1;

export class Meter {
  readonly clock: Clock;
  readonly parent: Meter | undefined;
  readonly depth: number;
  readonly unit: string;
  readonly interval: number;
  description: string;
  total: number | undefined;
  done: number;
  failures = 0;
  ending: ProgressEnding | undefined;
  readonly #initial: number;
  readonly #leave: boolean | undefined;
  readonly #startedAt: number;
  readonly #estimate: RateEstimate;
  #endedAt = 0;
  #text: string | undefined;
  #untilLook = 1;
  #stride = 1;
  #lookedAt: number;

  constructor(options: MeterOptions) {
    this.clock = options.clock;
    this.parent = options.parent;
    this.depth = options.parent ? options.parent.depth + 1 : 0;
    this.unit = options.unit;
    this.interval = options.interval;
    this.description = options.description;
    this.total = options.total;
    this.done = this.#initial = options.initial;
    this.#leave = options.leave;
    this.#startedAt = this.#lookedAt = this.clock.now();
    this.#estimate = new RateEstimate(this.#startedAt, this.done);
  }

  /** Whether the bar stays on the screen when it has ended. What failed does, unless it was told not to. */
  get stays(): boolean {
    return this.#leave ?? (this.parent === undefined || this.ending === "failure");
  }

  /** Whether so many items are counted that the clock deserves a look (M2). */
  isTimeToLook(): boolean {
    this.#untilLook -= 1;
    return this.#untilLook <= 0;
  }

  /** Looks at the clock. */
  look(): number {
    const now = this.clock.now();
    const isShort = now - this.#lookedAt < SHORT_STRIDE_MS;
    this.#stride = isShort ? Math.min(this.#stride * 2, LONGEST_STRIDE) : 1;
    this.#untilLook = this.#stride;
    this.#lookedAt = now;
    return now;
  }

  /** Returns whether it was live. */
  end(ending: ProgressEnding, text: string | undefined): boolean {
    if (this.ending) return false;
    this.ending = ending;
    this.#text = text;
    this.#endedAt = this.clock.now();
    return true;
  }

  view(now: number): BarView {
    const { description, unit, total, done, failures, ending, depth } = this;
    const elapsed = Math.max(0, (ending ? this.#endedAt : now) - this.#startedAt);
    this.#estimate.record(now, done);
    const average = elapsed > 0 ? (1000 * (done - this.#initial)) / elapsed : 0;
    const rate = ending ? Math.max(0, average) : this.#estimate.perSecond(now);
    return { description, unit, total, done, failures, ending, text: this.#text, elapsed, rate, depth };
  }
}
