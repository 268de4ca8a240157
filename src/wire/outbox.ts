/**
 * Gathers entries and sends those of one turn of the event loop, or of several, as one message.
 *
 * Owns: the entries not sent yet and the order they leave in. Does not own the channel.
 *
 * O1. Entries leave in the order they were added; an entry is sent once or given to `onUnsendable` once.
 * O2. An entry that cannot be serialized does not keep its neighbours back.
 * O3. Entries that leave together share no object, if their values went through `keepApart`.
 */
import type { Channel } from "./channel.js";
import { Distinct } from "./distinct.js";

// As they are when the library loads: a worker may replace its globals, as fake timers do.
const laterTurn = setImmediate;
const endOfTurn = process.nextTick;

/** Told of an entry that could not be serialized; it may add another in its place. */
export type OnUnsendable = (entry: unknown[], error: unknown) => void;

export class Outbox {
  readonly #channel: Channel;
  readonly #onUnsendable: OnUnsendable;
  #entries: unknown[] = [];
  /** Where each entry begins in `#entries`. */
  #starts: number[] = [];
  #transfer: object[] = [];
  /** For each entry with a transfer list: its number and where its part of `#transfer` ends. */
  #transferEnds: [entry: number, end: number][] = [];
  readonly #distinct = new Distinct();
  #scheduled: "no" | "soon" | "now" = "no";
  readonly #flush = (): void => this.flush();

  constructor(channel: Channel, onUnsendable: OnUnsendable) {
    this.#channel = channel;
    this.#onUnsendable = onUnsendable;
  }

  get isEmpty(): boolean {
    return this.#starts.length === 0;
  }

  /** Entries not sent yet. */
  get size(): number {
    return this.#starts.length;
  }

  /**
   * Begins an entry; what is pushed onto the returned array until the next `begin` belongs to it.
   *
   * @param isPatient - whether the other side has enough to do: then entries of several turns may leave together. Messages
   *   that arrive together are handled in a turn each, and without patience many small ones would be answered by as
   *   many small ones, for ever
   */
  begin(isPatient = false): unknown[] {
    this.#starts.push(this.#entries.length);
    if (isPatient) {
      if (this.#scheduled === "no") {
        this.#scheduled = "soon";
        laterTurn(this.#flush);
      }
    } else if (this.#scheduled !== "now") {
      this.#scheduled = "now";
      // After the microtasks of this turn, so that calls made by many continuations leave together.
      endOfTurn(this.#flush);
    }
    return this.#entries;
  }

  /** Sends an entry now, behind those that wait. */
  sendAlone(entry: unknown[]): void {
    this.flush();
    try {
      this.#channel.post(entry, []);
    } catch (error) {
      this.#onUnsendable(entry, error);
    }
  }

  /** The values for the entry that is begun next, apart from those of the entries that will leave with it. */
  keepApart(values: readonly unknown[]): readonly unknown[] {
    return this.#distinct.keepApart(values);
  }

  /** Lists what the entry begun last hands over instead of copying. */
  transfer(list: readonly object[]): void {
    this.#transfer.push(...list);
    this.#transferEnds.push([this.#starts.length - 1, this.#transfer.length]);
  }

  /** Sends what has gathered, now. */
  flush(): void {
    this.#scheduled = "no";
    if (this.#starts.length === 0) return;
    const entries = this.#entries;
    const starts = this.#starts;
    const transfer = this.#transfer;
    const transferEnds = this.#transferEnds;
    this.#distinct.reset();
    this.#entries = [];
    this.#starts = [];
    if (transfer.length > 0) {
      this.#transfer = [];
      this.#transferEnds = [];
    }
    try {
      this.#channel.post(entries, transfer);
    } catch (error) {
      if (starts.length === 1) this.#onUnsendable(entries, error);
      else this.#sendOneByOne(entries, starts, transfer, transferEnds);
    }
  }

  #sendOneByOne(
    entries: unknown[],
    starts: number[],
    transfer: object[],
    transferEnds: [entry: number, end: number][],
  ): void {
    let transferFrom = 0;
    for (const [index, start] of starts.entries()) {
      const entry = entries.slice(start, starts[index + 1] ?? entries.length);
      const list: object[] = [];
      while (transferEnds[0]?.[0] === index) {
        const end = transferEnds.shift()![1];
        list.push(...transfer.slice(transferFrom, end));
        transferFrom = end;
      }
      try {
        this.#channel.post(entry, list);
      } catch (error) {
        this.#onUnsendable(entry, error);
      }
    }
  }
}
