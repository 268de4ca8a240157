import type { Clock } from "../config/monotonic.js";

/** A timer for the soonest of the instants it was told since it last rang. It does not keep the program alive. */
export class SoonestTimer {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #ringsAt = Number.POSITIVE_INFINITY;
  #forget: (() => void) | undefined;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** @param instant - by the clock, in ms; also one that has passed */
  ringAt(instant: number): void {
    if (instant >= this.#ringsAt) return;
    this.#forget?.();
    this.#ringsAt = instant;
    const ring = (): void => {
      this.#ringsAt = Number.POSITIVE_INFINITY;
      this.#ring();
    };
    this.#forget = this.#clock.after(Math.max(0, instant - this.#clock.now()), ring, true);
  }

  /** Rings no more until it is told another instant. */
  stop(): void {
    this.#forget?.();
    this.#ringsAt = Number.POSITIVE_INFINITY;
  }
}
