/** One timer at a time: to set it anew stops what it was set to before. */
export class Alarm {
  #timer: NodeJS.Timeout | undefined;

  set(ms: number, fn: () => void): void {
    this.stop();
    this.#timer = setTimeout(fn, ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
