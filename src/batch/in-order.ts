/**
 * Puts lines that come in any order back into the order in which their items were begun.
 *
 * Owns the lines whose predecessors are not there yet.
 *
 * I1. A place is given out for each item that is begun, and filled once: by its line, or by nothing when it has none.
 * I2. What is held is bounded by whoever asks `isFull` before it begins another item. The item that all others wait for
 *     has been begun already, so that bound never blocks itself.
 */
const MOST_CHARACTERS = 64 * 1024 * 1024;

export class InOrder {
  readonly #window: number;
  readonly #emit: (index: number, line: string) => void;
  /** Lines by place modulo the window: `undefined` while an item runs, "" for one without a line. */
  readonly #lines: (string | undefined)[];
  readonly #indices: Float64Array;
  #first = 0;
  #next = 0;
  #held = 0;

  /** @param window - items that may be begun and not written, the first of them included */
  constructor(window: number, emit: (index: number, line: string) => void) {
    this.#window = window;
    this.#emit = emit;
    this.#lines = Array.from({ length: window });
    this.#indices = new Float64Array(window);
  }

  /** Whether no further item should be begun. */
  get isFull(): boolean {
    const begun = this.#next - this.#first;
    return begun >= this.#window || (this.#held > MOST_CHARACTERS && begun > 0);
  }

  /** Gives the next item its place. */
  begin(index: number): number {
    const place = this.#next++;
    this.#indices[place % this.#window] = index;
    return place;
  }

  /** Fills a place, and hands on all lines that now have none before them. */
  fill(place: number, line: string): void {
    this.#lines[place % this.#window] = line;
    this.#held += line.length;
    if (place === this.#first) this.#emitReady();
  }

  /** Hands on what there is: whoever is still missing will not come. */
  giveUp(): void {
    while (this.#first < this.#next) this.fill(this.#first, "");
  }

  #emitReady(): void {
    while (this.#first < this.#next) {
      const slot = this.#first % this.#window;
      const ready = this.#lines[slot];
      if (ready === undefined) return;
      this.#lines[slot] = undefined;
      this.#held -= ready.length;
      this.#first += 1;
      if (ready !== "") this.#emit(this.#indices[slot]!, ready);
    }
  }
}
