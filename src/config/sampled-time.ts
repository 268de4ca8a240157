/**
 * How long calls of one kind take in this event loop, where they may follow each other so fast that to read the clock twice
 * for each would cost more than the calls.
 *
 * Owns how many may still go untimed. All calls are counted; what it leaves out is looking at the clock.
 *
 * S1. A call is timed, unless those of its kind have come at least every 2 µs since the last but one that was timed, in this
 *     turn of the event loop: so calls that take longer are timed each, and so is the first after a pause.
 * S2. At most 15 in a row go untimed. For them the last that was timed stands: when it was made, and how long it ran.
 */
import { endUntimed, isTurn, lastNow, lastReading, readNow, thisTurn } from "./turn-clock.js";

/** So many calls are dense that take no longer than this together, in ms for each. */
const DENSE_MS = 0.002;
/** One in so many is timed, where they are dense. */
const PERIOD = 16;

export class SampledTime {
  /** So many may still go untimed, in this turn. */
  #left = 0;
  #turn = 0;
  /** Of those until the next that is timed, itself included. */
  #period = 1;
  #endedAt = 0;
  /** How long the last one ran that was timed; not known at first, so that the field can share a number with many calls. */
  #ran: number | undefined = undefined;

  get #isUntimed(): boolean {
    return this.#left > 0 && isTurn(this.#turn);
  }

  /** When a call is made that is made now, on the monotonic clock, in ms (S2). */
  now(): number {
    return this.#isUntimed ? lastReading() : readNow();
  }

  /** A call begins: returns when, or `undefined` where it is not timed. */
  begin(): number | undefined {
    if (!this.#isUntimed) return lastNow();
    this.#left -= 1;
    return undefined;
  }

  /** It has ended: returns how long it ran, in ms. */
  end(startedAt: number | undefined): number {
    if (startedAt === undefined) {
      endUntimed();
      return this.#ran!;
    }
    const now = readNow();
    const isDense = now - this.#endedAt <= (this.#period - this.#left) * DENSE_MS;
    this.#period = isDense ? PERIOD : 1;
    this.#left = this.#period - 1;
    this.#turn = isDense ? thisTurn() : 0;
    this.#endedAt = now;
    this.#ran = now - startedAt;
    return this.#ran;
  }
}
