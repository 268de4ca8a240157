/** How long after its last call a worker still keeps the event loop alive, in ms. */
const LINGER_MS = 5;

/** What can keep the event loop alive. */
interface Referable {
  ref(): void;
  unref(): void;
}

/**
 * Keeps the event loop alive while a worker is needed. Lets go of it a little later than told: one call often follows
 * another, and each change of mind has its price.
 */
export class KeepAlive {
  #host: Referable | undefined;
  #isNeeded = false;
  #isRef = false;
  #isLingering = false;

  /** Tells which host it is about now; a host begins referenced. */
  attach(host: Referable): void {
    this.#host = host;
    if (!this.#isRef) host.unref();
  }

  set(isNeeded: boolean): void {
    this.#isNeeded = isNeeded;
    if (isNeeded) {
      if (!this.#isRef) this.#host?.ref();
      this.#isRef = true;
    } else if (this.#isRef && !this.#isLingering) {
      this.#isLingering = true;
      setTimeout(() => this.#letGo(), LINGER_MS).unref();
    }
  }

  #letGo(): void {
    this.#isLingering = false;
    if (this.#isNeeded) return;
    this.#isRef = false;
    this.#host?.unref();
  }
}
