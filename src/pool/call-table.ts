/**
 * The calls that one worker was handed and has not answered, found by their sequence number.
 *
 * Sequence numbers of one worker's calls lie close together, or evenly apart, so that a ring finds most; what
 * finds its place in the ring taken, as behind a call that runs for long, lies in a map. (A map alone costs a tenth of a
 * no-op call: it is rebuilt again and again as entries come and go.) The ring grows when it holds many.
 */

/** What the table needs to know of a call. */
export interface Tabled {
  readonly sequence: number;
  /** The how-manieth call of its worker it is. */
  readonly handedAs: number;
}

const FIRST_RING = 1024;
/** A ring that is fuller than this has too many places taken. */
const FULL = 1 / 8;
const LARGEST_RING = 65_536;

export class CallTable<T extends Tabled> {
  #ring: (T | undefined)[] = [];
  #shift = 0;
  #others = new Map<number, T>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(call: T): void {
    if (this.#ring.length === 0) this.#open(FIRST_RING);
    this.#size += 1;
    this.#put(call);
  }

  #put(call: T): void {
    const place = placeOf(call.sequence, this.#shift);
    if (this.#ring[place] === undefined) this.#ring[place] = call;
    else if (this.#size > FULL * this.#ring.length && this.#ring.length < LARGEST_RING) this.#grow(call);
    else this.#others.set(call.sequence, call);
  }

  #open(length: number): void {
    this.#ring = Array.from({ length }, () => undefined);
    this.#shift = 32 - Math.log2(length);
  }

  #grow(call: T): void {
    const calls = this.inOrder();
    this.#open(4 * this.#ring.length);
    this.#others = new Map();
    for (const one of calls) this.#put(one);
    this.#put(call);
  }

  get(sequence: number): T | undefined {
    const call = this.#ring[placeOf(sequence, this.#shift)];
    return call?.sequence === sequence ? call : this.#others.get(sequence);
  }

  has(sequence: number): boolean {
    return this.get(sequence) !== undefined;
  }

  /** Removes the call and returns it; `undefined` when there is none of this number. */
  take(sequence: number): T | undefined {
    const place = placeOf(sequence, this.#shift);
    let call = this.#ring[place];
    if (call?.sequence === sequence) this.#ring[place] = undefined;
    else {
      call = this.#others.get(sequence);
      if (call === undefined) return undefined;
      this.#others.delete(sequence);
    }
    this.#size -= 1;
    return call;
  }

  /** All, in the order they were handed over. */
  inOrder(): T[] {
    const calls = [...this.#others.values()];
    for (const call of this.#ring) if (call) calls.push(call);
    return calls.toSorted((a, b) => (a.handedAs - b.handedAs) | 0);
  }

  /** How many were handed over before this one. */
  ahead(of: T): number {
    let count = 0;
    for (const call of this.#ring) if (call && ((call.handedAs - of.handedAs) | 0) < 0) count += 1;
    for (const call of this.#others.values()) if (((call.handedAs - of.handedAs) | 0) < 0) count += 1;
    return count;
  }

  /** Removes all, and returns them in order. */
  clear(): T[] {
    const calls = this.inOrder();
    this.#ring = [];
    this.#shift = 0;
    this.#others = new Map();
    this.#size = 0;
    return calls;
  }
}

/** Fibonacci hashing: numbers that lie evenly apart, by whatever step, are spread evenly (Knuth, TAOCP 3, 6.4). */
function placeOf(sequence: number, shift: number): number {
  return Math.imul(sequence, 0x9e37_79b1) >>> shift;
}
