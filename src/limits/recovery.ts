/**
 * A pause, and the gentle start after it: one grant, then two, four, eight, each in a step of its own, until nothing holds
 * them back any more. A server that has just been overrun must not be overrun again by all that waited meanwhile.
 */
const STEP_MS = 50;
/** So many in one step are as good as no bound. */
const UNBOUNDED_FROM = 1024;

export class Recovery {
  pausedUntil = Number.NEGATIVE_INFINITY;
  /** Grants that one step lets through; 0 when nothing is held back. */
  #size = 0;
  #left = 0;
  #stepEnds = 0;

  /** Whether there is a pause, or something is held back after one. */
  get isOn(): boolean {
    return this.#size > 0;
  }

  /** `false` when a longer pause is on already. */
  pause(now: number, ms: number): boolean {
    if (now + ms <= this.pausedUntil || ms === 0) return false;
    this.pausedUntil = now + ms;
    this.#size = 1;
    this.#left = 1;
    this.#stepEnds = this.pausedUntil + STEP_MS;
    return true;
  }

  /** The rest of the pause, in ms. */
  pausedFor(now: number): number {
    return Math.max(0, this.pausedUntil - now);
  }

  mayGrant(now: number): boolean {
    return this.waitFor(now) === 0;
  }

  /** Ms until a grant is allowed. */
  waitFor(now: number): number {
    if (this.#size === 0) return 0;
    if (now < this.pausedUntil) return this.pausedUntil - now;
    while (this.#size > 0 && now >= this.#stepEnds) this.#nextStep(now);
    return this.#size === 0 || this.#left > 0 ? 0 : this.#stepEnds - now;
  }

  granted(now: number): void {
    if (this.#size > 0 && now >= this.pausedUntil) this.#left -= 1;
  }

  #nextStep(now: number): void {
    // A step that let nothing through, as nobody asked, does not make the next one larger.
    if (this.#left < this.#size) this.#size *= 2;
    this.#left = this.#size;
    this.#stepEnds = Math.max(this.#stepEnds, now - STEP_MS) + STEP_MS;
    if (this.#size >= UNBOUNDED_FROM) this.#size = 0;
  }
}
