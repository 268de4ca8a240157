/**
 * A channel between threads over shared memory.
 *
 * Most entries are written into a ring (`RingWriter`) as they are put; what our encoding does not carry, is large, or is
 * handed over instead of copied goes through a message port, and keeps its place in the order.
 *
 * The port also wakes the other side when that said it sleeps: with an entry that goes by it, or else with a message that
 * says nothing. One that has no event loop to be woken in is rung for otherwise.
 *
 * Owns the port and this side's part of the memory.
 *
 * N1. An entry that goes by the port is posted before its place is readable: who finds the place need not wait for it. To
 *     look for a message again and again would hold up who posts it, as a port has a lock.
 * N2. Who sleeps is woken once: a side that goes to sleep before it could read what it was woken for says so again.
 */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { assertTravels } from "../clone.js";
import type { Channel } from "../channel.js";
import { emptyEntries } from "../entries.js";
import type { Watched } from "../vigil.js";
import { copyLarge } from "./large-copies.js";
import { openRings, type Side, type SpinWords } from "./ring-memory.js";
import { RingReader } from "./ring-reader.js";
import { LARGEST_ENTRY, RingWriter } from "./ring-writer.js";

/** A message of the port that says only: look. */
const BELL = 0;

// As it is when the library loads: a worker may replace its globals, as fake timers do.
const laterTurn = setImmediate;

export class RingChannel implements Channel, Watched {
  readonly #port: MessagePort;
  readonly #writer: RingWriter;
  readonly #reader: RingReader;
  readonly #spin: SpinWords;
  readonly #ring: () => void;
  readonly #wakesByPort: boolean;
  /** Entries that came by the port, before their turn. */
  readonly #early: unknown[][] = [];
  #isAttentive = false;
  /** What runs in the next turn, before which nobody needs to wake this side. */
  #inNextTurn: (() => void)[] = [];
  #isClosed = false;
  /** Whether the message that is being posted is to wake the other side: what is sent from a getter in it cannot wait for that. */
  #owesWake = false;
  readonly #whenDrained: (() => void)[] = [];
  onMessage: (message: unknown[]) => void = () => {};
  onUnreadable: (error: unknown) => void = (error) => {
    throw error;
  };
  onClose: () => void = () => {};

  /** @param ring - wakes the other side, where it does not wait for messages of the port. Default: a message says so */
  constructor(port: MessagePort, memory: SharedArrayBuffer, side: Side, ring?: () => void) {
    const { outgoing, incoming, spin } = openRings(memory, side);
    this.#port = port;
    this.#writer = new RingWriter(outgoing);
    this.#reader = new RingReader(incoming);
    this.#spin = spin;
    this.#ring = ring ?? (() => port.postMessage(BELL));
    this.#wakesByPort = ring === undefined;
    this.#reader.sleep();
    port.on("message", (message: unknown) => {
      if (Array.isArray(message)) this.#early.push(message);
      this.#woken();
    });
    port.on("messageerror", (error: Error) => this.onUnreadable(error));
    port.on("close", () => this.onClose());
  }

  put(entry: readonly unknown[], transfer: readonly object[]): number {
    if (transfer.length === 0 && this.#writer.put(entry)) return this.#writer.lastBytes;
    assertTravels(entry, transfer);
    const copied = transfer.length === 0 ? copyLarge(entry) : undefined;
    if (copied) this.#post(copied.values, copied.transfer);
    else this.#post(entry, transfer);
    this.#writer.standIn();
    return transfer.length === 0 ? LARGEST_ENTRY : 0;
  }

  flush(): void {
    if (this.#writer.publish() || this.#owesWake) this.#ring();
    if (this.#whenDrained.length === 0 || this.#writer.isFull) return;
    for (const fn of this.#whenDrained.splice(0)) laterTurn(fn);
  }

  get isCongested(): boolean {
    return this.#writer.isFull;
  }

  onceDrained(fn: () => void): void {
    if (this.isCongested) this.#whenDrained.push(fn);
    else fn();
  }

  deliverPending(): void {
    while (this.poll());
    this.#isClosed = true;
  }

  /** For how many µs the host may stay awake: the caller's to say. */
  allow(microseconds: number): void {
    const { words, allowance } = this.#spin;
    if (words[allowance] !== microseconds) words[allowance] = microseconds;
  }

  /** Whether the other side must be woken for what is sent next. */
  get isOtherAsleep(): boolean {
    return this.#writer.mustWake;
  }

  /** Whether the other side took all that was sent. */
  get isAllTaken(): boolean {
    return this.#writer.isAllTaken;
  }

  get allowance(): number {
    const { words, allowance } = this.#spin;
    return words[allowance]!;
  }

  /** How often that was worth it: the host's to say. */
  tell(hits: number, misses: number): void {
    const { words } = this.#spin;
    words[this.#spin.hits] = hits;
    words[this.#spin.misses] = misses;
  }

  spinning(): { hits: number; misses: number } {
    const { words, hits, misses } = this.#spin;
    return { hits: words[hits]!, misses: words[misses]! };
  }

  attend(): void {
    this.#isAttentive = true;
    this.#reader.stayAwake();
  }

  /** Delivers what arrived before there was anybody to take it. */
  catchUp(): void {
    this.#woken();
  }

  /** Delivers what has arrived; `false` where nothing has. */
  poll(): boolean {
    if (this.#isClosed || !this.#reader.hasMore) return false;
    for (let isByPort = true; isByPort;) {
      const values = emptyEntries();
      let other: unknown[] | undefined;
      try {
        isByPort = this.#reader.readTo(values);
        if (isByPort) other = this.#takeFromPort();
      } catch (error) {
        this.onUnreadable(error);
        return true;
      }
      if (this.#reader.release()) this.#ring();
      if (values.length > 0) this.onMessage(values);
      if (other) this.onMessage(other);
    }
    return true;
  }

  /** Runs a function in the next turn of the event loop, and looks for what has arrived before: this side need not be woken. */
  nextTurn(fn: () => void): void {
    if (this.#inNextTurn.push(fn) > 1) return;
    this.#reader.stayAwake();
    laterTurn(() => this.#turn());
  }

  #turn(): void {
    const fns = this.#inNextTurn;
    this.#inNextTurn = [];
    try {
      this.poll();
      for (const fn of fns) fn();
    } finally {
      // Whatever was thrown, and survived by a handler of the user's: who is taken to be awake is not woken any more.
      if (!this.#isAttentive) this.rest();
    }
  }

  rest(): void {
    this.#isAttentive = false;
    if (this.#inNextTurn.length > 0) return;
    // What came between the last look and now is dealt with in a turn of its own: timers and sockets are served between.
    if (!this.#isClosed && !this.fallAsleep()) laterTurn(() => this.#woken());
  }

  /** Says that this side must be woken; `false` where it need not sleep, as something has arrived meanwhile. */
  fallAsleep(): boolean {
    return !this.#reader.sleep();
  }

  ref(): void {
    this.#port.ref();
  }

  unref(): void {
    this.#port.unref();
  }

  close(): void {
    this.#isClosed = true;
    this.#port.close();
  }

  #woken(): void {
    // The other side may have made room.
    if (this.#writer.isFull) this.flush();
    this.poll();
    if (!this.#isAttentive) this.rest();
  }

  #post(entry: readonly unknown[], transfer: readonly object[]): void {
    const mustWake = this.#wakesByPort && this.#writer.wake();
    if (mustWake) this.#owesWake = true;
    try {
      if (transfer.length === 0) this.#port.postMessage(entry);
      else this.#port.postMessage(entry, transfer as readonly ArrayBuffer[]);
    } catch (error) {
      if (mustWake) this.#ring();
      throw error;
    } finally {
      if (mustWake) this.#owesWake = false;
    }
  }

  #takeFromPort(): unknown[] {
    const early = this.#early.shift();
    if (early) return early;
    for (;;) {
      const received = receiveMessageOnPort(this.#port);
      if (!received) throw new Error("Cannot read an entry as the message that holds it is missing");
      if (Array.isArray(received.message)) return received.message as unknown[];
    }
  }
}
