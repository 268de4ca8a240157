/** Items in a ring: first in, first out, in constant time, in memory that follows their number. */
const SMALLEST = 16;
/** An empty ring of more places gives them back. */
const LARGE = 1024;

/** What there is when there is no item. */
export const NOTHING = Symbol("nothing");

export class Ring<T> {
  /** A power of two of them. */
  #places: (T | undefined)[] = emptyPlaces(SMALLEST);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    const { length } = this.#places;
    if (this.#size === length) this.#grow(2 * length);
    this.#places[(this.#head + this.#size) & (this.#places.length - 1)] = item;
    this.#size += 1;
  }

  shift(): T | typeof NOTHING {
    if (this.#size === 0) return NOTHING;
    const places = this.#places;
    const item = places[this.#head] as T;
    places[this.#head] = undefined;
    this.#head = (this.#head + 1) & (places.length - 1);
    this.#size -= 1;
    if (this.#size === 0 && places.length > LARGE) this.clear();
    return item;
  }

  clear(): void {
    this.#places = emptyPlaces(SMALLEST);
    this.#head = 0;
    this.#size = 0;
  }

  #grow(length: number): void {
    const old = this.#places;
    const places = emptyPlaces<T>(length);
    for (let index = 0; index < old.length; index += 1) {
      places[index] = old[(this.#head + index) & (old.length - 1)];
    }
    this.#places = places;
    this.#head = 0;
  }
}

function emptyPlaces<T>(length: number): (T | undefined)[] {
  return Array.from<T | undefined>({ length });
}
