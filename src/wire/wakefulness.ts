/**
 * Whether one who calls a host stays awake for its answers, and lets the host stay awake for the next call: the caller
 * decides for both sides, who would else never be awake together.
 *
 * Owns what is known of this one host; whether there are cores is known to `spinning.ts`, whether it was worth it lately to
 * the `Vigil`.
 */
import { steadyNow } from "../config/steady-clock.js";
import type { RingChannel } from "./ring/ring-channel.js";
import { CalledHost, hasSeveralCores, mayAwaitAnswers, mayAwaitCalls } from "./spinning.js";
import type { Vigil } from "./vigil.js";

/** What a worker that sleeps takes to wake up, in ms, at most where cores are idle. */
const WAKING_MS = 0.15;

/** Calls that take less, in ms, are answered so soon that it is worth while to stay awake for the answers of others. */
const SOON_MS = 0.02;

export class Wakefulness {
  /** None for a host that is not told from call to call. */
  readonly #rings: RingChannel | undefined;
  readonly #vigil: Vigil;
  readonly #called = new CalledHost();
  /** In µs. */
  readonly #budget: number;
  /** For how many µs the host may stay awake for the next call; 0 when it may not. */
  #allowed = 0;
  /** When a call was made while there was none, and when there was none again. */
  #calledAt = 0;
  #answeredAt = 0;
  /** Whether this thread stays awake for the answer to a single call, from a host that is awake. */
  #awaitsOne = false;

  /** @param budget - of the option `spin`, in µs */
  constructor(rings: RingChannel | undefined, vigil: Vigil, budget: number) {
    this.#rings = rings;
    this.#vigil = vigil;
    this.#budget = budget;
  }

  /** A call is made and is alone. Returns for how many ms to stay awake for its answer. */
  begins(): number {
    this.#called.begins();
    if (this.#budget === 0) return 0;
    const rings = this.#rings;
    const vigil = this.#vigil;
    const budget = this.#budget / 1000;
    const now = steadyNow();
    // What comes next is most likely as what came last.
    const isLate = now - this.#answeredAt > budget;
    const isSlow = this.#answeredAt - this.#calledAt > budget + WAKING_MS;
    this.#calledAt = now;
    // The host stayed awake for this call, in vain.
    if (isLate && this.#allowed > 0) vigil.pause(this.#answeredAt + budget);
    const isWorthWhile = !isLate && !isSlow && mayAwaitAnswers() && !vigil.isPausing;
    this.#allowed = rings && isWorthWhile && mayAwaitCalls() ? this.#budget : 0;
    rings?.allow(this.#allowed);
    const mustWake = rings?.isOtherAsleep === true;
    this.#awaitsOne = isWorthWhile && !mustWake;
    if (!isWorthWhile) return 0;
    return budget + (mustWake ? WAKING_MS : 0);
  }

  /** Some calls are answered, the last of which ran for so long, in ms, and some are not. Returns as `begins`. */
  goesOn(ran: number): number {
    this.#awaitsOne = false;
    return hasSeveralCores && this.#rings && ran < SOON_MS ? (2 * this.#budget) / 1000 : 0;
  }

  /** All calls are answered, the last of which ran for so long, in ms, or the host is gone. */
  ends(ran: number): void {
    this.#called.ends();
    if (this.#budget === 0) return;
    this.#answeredAt = steadyNow();
    // It came, but no sooner than to one that sleeps: as where the system runs both sides on one core, though there are more.
    const isLate = this.#answeredAt - this.#calledAt - ran > this.#budget / 2000;
    if (this.#awaitsOne && isLate) this.#vigil.pause();
    this.#awaitsOne = false;
  }
}
