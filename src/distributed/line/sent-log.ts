/**
 * Which entry of a peer's inbox holds what was sent, for the question what a dead peer may have received.
 *
 * Entries that the peer said it took are forgotten, and the oldest beyond `MOST_ENTRIES`: of those it may have received
 * everything, so an answer is never too low.
 */
interface Entry {
  readonly number: number;
  /** Id of the entry; or, when `isAfter`, of the one before: it was perhaps sent twice, and the first copy is not known. */
  readonly id: string;
  readonly isAfter: boolean;
  readonly position: number;
}

const MOST_ENTRIES = 65_536;

export class SentLog {
  #entries: Entry[] = [];
  /** How many at the begin of `#entries` are forgotten. */
  #start = 0;
  #base = 0;

  add(entry: Entry): void {
    this.#entries.push(entry);
    if (this.#entries.length - this.#start > MOST_ENTRIES) this.#forgetFirst();
  }

  /** Forgets what holds frames up to `number`: the peer has taken them. */
  taken(number: number): void {
    while (this.#start < this.#entries.length && this.#entries[this.#start]!.number <= number) this.#forgetFirst();
  }

  /** Numbers begin anew: what is in here is not taken by them. */
  restart(): void {
    this.#entries = this.#entries.slice(this.#start).map((entry) => ({ ...entry, number: 0 }));
    this.#start = 0;
  }

  /** Up to which position what was sent may have been received, when `lastDelivered` was the last entry delivered. */
  reached(lastDelivered: string): number {
    for (let at = this.#entries.length - 1; at >= this.#start; at -= 1) {
      const { id, isAfter, position } = this.#entries[at]!;
      if (isDelivered(id, isAfter, lastDelivered)) return position;
    }
    return this.#base;
  }

  #forgetFirst(): void {
    this.#base = this.#entries[this.#start]!.position;
    this.#start += 1;
    if (this.#start < 1024 || this.#start * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#start);
    this.#start = 0;
  }
}

/** Whether what has this id, or one after it, may be among what was delivered up to `last`. */
export function isDelivered(id: string, isAfter: boolean, last: string): boolean {
  const [ms, sequence] = partsOf(id);
  const [lastMs, lastSequence] = partsOf(last);
  if (ms !== lastMs) return ms < lastMs;
  return isAfter ? sequence < lastSequence : sequence <= lastSequence;
}

function partsOf(id: string): [ms: number, sequence: number] {
  const dash = id.indexOf("-");
  return [Number(id.slice(0, dash)), Number(id.slice(dash + 1))];
}
