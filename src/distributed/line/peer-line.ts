/**
 * The state of the line between this party and one peer, both ways. It owns what waits to be sent and the numbers; it
 * sends nothing, and knows no clock but what it is told.
 *
 * L1 Both directions share a session. Whoever finds that something was lost begins the next one, and the other side
 *    follows: the higher session holds, frames of a lower one are dropped. Two that begin it at once agree.
 * L2 Frames are numbered from 1 in each session, and only one is under way: they stand in the inbox in this order, save
 *    for copies, which the number tells.
 * L3 The position of a record counts on through all sessions.
 */
import { encodeFrame, type Frame, type LineRecord, sizeOf } from "./frame.js";
import { isDelivered, SentLog } from "./sent-log.js";

/** One frame on its way into the peer's inbox. */
export interface Flight {
  readonly bytes: Buffer;
  readonly number: number;
  /** How many records it holds; 0 for a greeting and a sync. */
  readonly count: number;
  readonly isSync: boolean;
  /** Position of its last record. */
  readonly position: number;
  /** When it, or the first record that waits behind an empty one, was to leave. */
  since: number;
  /** When it was last handed to the connection; undefined while it waits to be tried again. */
  sentAt: number | undefined;
  tries: number;
  /** Whether it may stand in the inbox without our knowing. */
  isDoubtful: boolean;
  lastError: unknown;
}

/** Most bytes of records in one frame, unless a single record is larger. */
const LARGEST_FRAME = 1024 * 1024;

export class PeerLine {
  readonly peer: string;
  session = 1;
  flight: Flight | undefined;
  /** Whether the courier has it among those that leave at the end of this turn. */
  isDue = false;
  /** When the last frame arrived in the inbox, for the sync (see `needsSync`). */
  idleSince = 0;
  /** Whether a frame must be sent although there are no records: the peer must learn of a new session. */
  #mustGreet = false;
  #mustSync = false;
  #queue: LineRecord[] = [];
  /** How many at the begin of `#queue` have left. */
  #left = 0;
  #position = 0;
  #number = 0;
  #taken = 0;
  #lastId = "0-0";
  readonly #log = new SentLog();

  constructor(peer: string) {
    this.peer = peer;
  }

  /** Records that are not in the inbox yet. */
  get unsent(): number {
    return this.#queue.length - this.#left + (this.flight?.count ?? 0);
  }

  /** Whether anything went either way in this session. */
  get isUsed(): boolean {
    return this.#number > 0 || this.#taken > 0 || this.#queue.length > this.#left;
  }

  /** Whether the last frame that was sent was not repeated by a sync. */
  get needsSync(): boolean {
    return this.#mustSync && this.flight === undefined && !this.isDue;
  }

  /** Adds a record; says its position (L3). */
  push(record: LineRecord): number {
    // The time of what is lost by waiting counts from here, not from an empty frame before it.
    if (this.flight?.count === 0 && this.#queue.length === this.#left) this.flight.since = performance.now();
    this.#queue.push(record);
    return ++this.#position;
  }

  /** Makes the next frame, when there is something to say and none is under way (L2). */
  depart(self: string, now: number, withSync: boolean): Flight | undefined {
    if (this.flight !== undefined) return undefined;
    const records = this.#takeRecords();
    const isSync = records.length === 0 && !this.#mustGreet;
    if (isSync && !withSync) return undefined;
    if (!isSync) this.#number += 1;
    const head = { from: self, session: this.session, number: this.#number, taken: this.#taken, isSync };
    this.#mustGreet = false;
    this.flight = {
      bytes: encodeFrame(head, records),
      number: this.#number,
      count: records.length,
      isSync,
      position: this.#position - (this.#queue.length - this.#left),
      since: now,
      sentAt: undefined,
      tries: 0,
      isDoubtful: false,
      lastError: undefined,
    };
    return this.flight;
  }

  /** The frame under way is in the inbox. Says whether there is more. */
  arrived(id: string, now: number): boolean {
    const { number, position, isDoubtful, isSync } = this.flight!;
    this.#log.add({ number, id: isDoubtful ? this.#lastId : id, isAfter: isDoubtful, position });
    this.#lastId = id;
    this.#mustSync = !isSync;
    this.idleSince = now;
    this.flight = undefined;
    return this.#queue.length > this.#left;
  }

  /** Judges a frame of the peer; one that is `"taken"` is new, and the next in order. */
  accept(frame: Frame): "taken" | "repeated" | "stale" | "gap" | "anew" {
    if (frame.session > this.session) return "anew";
    if (frame.session < this.session) {
      // Perhaps the greeting of this session was lost: a sync tells of it again.
      this.#mustSync = true;
      return "stale";
    }
    this.#log.taken(frame.taken);
    if (frame.number <= this.#taken) return "repeated";
    if (frame.isSync || frame.number > this.#taken + 1) return "gap";
    this.#taken = frame.number;
    return "taken";
  }

  /** What the next frame of the peer should be numbered. */
  get expected(): number {
    return this.#taken + 1;
  }

  /** Begins another session (L1): what is not sent is dropped. `greets`: the peer must be told. */
  restart(session: number, greets: boolean): void {
    const { flight } = this;
    if (flight && (flight.isDoubtful || flight.sentAt !== undefined)) {
      this.#log.add({ number: 0, id: this.#lastId, isAfter: true, position: flight.position });
    }
    this.session = session;
    this.flight = undefined;
    this.#queue = [];
    this.#left = 0;
    this.#number = 0;
    this.#taken = 0;
    this.#mustSync = false;
    this.#mustGreet = greets;
    this.#log.restart();
  }

  /** Up to which position the peer may have received, when `lastDelivered` is the last entry its inbox gave out. */
  reached(lastDelivered: string): number {
    const { flight } = this;
    const mayBeThere = flight !== undefined && (flight.isDoubtful || flight.sentAt !== undefined);
    if (mayBeThere && isDelivered(this.#lastId, true, lastDelivered)) return flight.position;
    return this.#log.reached(lastDelivered);
  }

  #takeRecords(): readonly LineRecord[] {
    const start = this.#left;
    const queue = this.#queue;
    let end = start;
    for (let bytes = 0; end < queue.length; end += 1) {
      bytes += sizeOf(queue[end]!);
      if (bytes > LARGEST_FRAME && end > start) break;
    }
    if (end === queue.length) {
      this.#queue = [];
      this.#left = 0;
      return start === 0 ? queue : queue.slice(start);
    }
    const records = queue.slice(start, end);
    // What has left is let go of in steps, as each costs a copy of what waits.
    this.#left = end;
    if (end * 2 > queue.length) {
      this.#queue = queue.slice(end);
      this.#left = 0;
    }
    return records;
  }
}
