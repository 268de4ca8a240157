/** Bounds how many things are under way, and how large they are together; one that is larger alone goes alone. */
export class Window {
  readonly #most: number;
  readonly #capacity: number;
  #count = 0;
  #size = 0;
  #wake: (() => void) | undefined;

  constructor(most: number, capacity: number) {
    this.#most = most;
    this.#capacity = capacity;
  }

  /** Resolves when there is room for something of this size, and takes it. For one caller at a time. */
  async enter(size: number): Promise<void> {
    while (this.#count > 0 && (this.#count >= this.#most || this.#size + size > this.#capacity)) await this.#change();
    this.#count += 1;
    this.#size += size;
  }

  leave(size: number): void {
    this.#count -= 1;
    this.#size -= size;
    this.#wake?.();
  }

  /** Resolves when nothing is under way. */
  async empty(): Promise<void> {
    while (this.#count > 0) await this.#change();
  }

  async #change(): Promise<void> {
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}
