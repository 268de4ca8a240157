import type { Slot } from "./slot.js";

/** Those who wait until certain workers take calls. */
export class Readiness {
  #waiting: { readonly slot: Slot; resolve(): void; reject(error: Error): void }[] = [];

  /** Starts the worker and resolves when it takes calls; rejects when it cannot be started. */
  async of(slot: Slot): Promise<void> {
    const isReady = new Promise<void>((resolve, reject) => this.#waiting.push({ slot, resolve, reject }));
    slot.start();
    await isReady;
  }

  /** The worker takes calls, or never will. */
  settle(slot: Slot, error: Error | undefined): void {
    const settled = this.#waiting.filter((wait) => wait.slot === slot);
    this.#waiting = this.#waiting.filter((wait) => wait.slot !== slot);
    for (const { resolve, reject } of settled) {
      if (error) reject(error);
      else resolve();
    }
  }
}
