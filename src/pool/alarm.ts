/** One timer, which is set anew or cleared. */
export class Alarm {
  #timer: NodeJS.Timeout | undefined;

  set(ms: number, fn: () => void): void {
    this.clear();
    this.#timer = setTimeout(fn, ms);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
