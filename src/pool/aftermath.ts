/** What follows from what is told: at once, or a single time after several things that are told together. */
export class Aftermath {
  readonly #follow: () => void;
  #isListening = false;
  #isDue = false;

  constructor(follow: () => void) {
    this.#follow = follow;
  }

  /** Something was told from which it follows. */
  due(): void {
    if (this.#isListening) this.#isDue = true;
    else this.#follow();
  }

  /** Runs `tell`, which tells several things. */
  together(tell: () => void): void {
    this.#isListening = true;
    try {
      tell();
    } finally {
      this.#isListening = false;
      if (this.#isDue) {
        this.#isDue = false;
        this.#follow();
      }
    }
  }
}
