/** Indices in one page, a power of two. */
const PAGE = 65_536;

/**
 * A set of indices, one bit for each: ten million take 1.25 MB. Pages are made where there are indices, so a single huge
 * one costs a page.
 */
export class DoneSet {
  readonly #pages = new Map<number, Uint32Array>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Adds an index; `false` when it is there already. */
  add(index: number): boolean {
    const number = Math.floor(index / PAGE);
    let page = this.#pages.get(number);
    if (!page) this.#pages.set(number, (page = new Uint32Array(PAGE / 32)));
    const place = index % PAGE;
    const bit = 1 << (place & 31);
    if (page[place >> 5]! & bit) return false;
    page[place >> 5]! |= bit;
    this.#count += 1;
    return true;
  }

  has(index: number): boolean {
    if (this.#count === 0) return false;
    const page = this.#pages.get(Math.floor(index / PAGE));
    if (!page) return false;
    const place = index % PAGE;
    return (page[place >> 5]! & (1 << (place & 31))) !== 0;
  }
}
