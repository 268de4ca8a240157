/**
 * Counts how often each name occurs, in bounded memory: the algorithm of Misra and Gries ("Finding repeated elements",
 * 1982). Beyond `capacity` names all counts drop by one and the names at zero go.
 *
 * A count is never too high, and too low by at most `dropped`.
 */
export class Frequent {
  readonly #capacity: number;
  readonly #counts = new Map<string, number>();
  #dropped = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get dropped(): number {
    return this.#dropped;
  }

  add(name: string): void {
    const count = this.#counts.get(name);
    if (count !== undefined) {
      this.#counts.set(name, count + 1);
      return;
    }
    // A copy: V8 keeps the whole text alive for a name that was cut out of it.
    this.#counts.set(Buffer.from(name).toString(), 1);
    if (this.#counts.size > this.#capacity) this.#drop();
  }

  counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  #drop(): void {
    this.#dropped += 1;
    for (const [name, count] of this.#counts) {
      if (count === 1) this.#counts.delete(name);
      else this.#counts.set(name, count - 1);
    }
  }
}
