/** What a pool does again and again, without keeping the program alive. */
export class Upkeep {
  readonly #timers: NodeJS.Timeout[] = [];

  every(ms: number, fn: () => void): void {
    this.#timers.push(setInterval(fn, ms).unref());
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }
}
