/** Somebody who waits for a condition: told in order, one or all. */
export class Gate {
  #waiting: (() => void)[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Resolves when it is opened. */
  async wait(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  openForOne(): void {
    this.#waiting.shift()?.();
  }

  openForAll(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
