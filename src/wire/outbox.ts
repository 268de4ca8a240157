/**
 * Decides when what was put into a channel leaves: with what else is put in the same turn of the event loop, or in several.
 *
 * Owns that moment alone. The entries are the channel's from the start, as they were when they were added.
 */
import type { Channel } from "./channel.js";

// As they are when the library loads: a worker may replace its globals, as fake timers do.
const laterTurn = setImmediate;
const endOfTurn = process.nextTick;

const NOTHING: readonly object[] = [];

export class Outbox {
  readonly #channel: Channel;
  #size = 0;
  #scheduled: "no" | "soon" | "now" = "no";
  readonly #flush = (): void => {
    this.#scheduled = "no";
    this.flush();
  };

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** Entries not sent yet. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds an entry.
   *
   * @param isPatient - whether the other side has enough to do: then entries of several turns may leave together. Messages
   *   that arrive together are handled in a turn each, and without patience many small ones would be answered by as
   *   many small ones, for ever
   * @throws what the serializer throws; then there is no entry
   */
  add(entry: readonly unknown[], isPatient = false): void {
    this.#channel.put(entry, NOTHING);
    this.#size += 1;
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
  }

  /**
   * Sends an entry now, behind those that wait.
   *
   * @param transfer - what it hands over instead of copying
   * @throws what the serializer throws; then there is no entry
   */
  send(entry: readonly unknown[], transfer: readonly object[] = NOTHING): void {
    this.#channel.put(entry, transfer);
    this.#size += 1;
    this.flush();
  }

  /** Sends what has gathered, now. */
  flush(): void {
    if (this.#size === 0) return;
    this.#size = 0;
    this.#channel.flush();
  }
}
