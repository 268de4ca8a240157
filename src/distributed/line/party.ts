/**
 * A party, that is, a node or a caller, as the others reach it: one inbox, and a line to each peer.
 *
 * It owns the lines, the inbox, and the timer that watches both. What the records mean, and whether a peer is alive, is
 * known elsewhere.
 *
 * P1 What a line is told of is told once: either all records that were sent arrive, in order, or both sides hear that it
 *    is broken, and it begins anew.
 * P2 After `forget`, `evicted` and `close` nothing more is heard or sent.
 * P3 State is settled before an event is given, so that listeners may send and forget.
 */
import { keysOf } from "../broker/keys.js";
import type { ResolvedBroker } from "../../config/broker.js";
import { Courier } from "./courier.js";
import { decodeFrame, type Frame, type LineRecord } from "./frame.js";
import { Inbox } from "./inbox.js";
import { PeerLine } from "./peer-line.js";

/** What a party hears; listeners must not throw. */
export interface PartyEvents {
  /** Records of one frame, in order, exactly once. Payloads are views of what was read. */
  received(from: string, records: readonly LineRecord[]): void;
  /** What a script put into the inbox, `XADD <inbox> NOMKSTREAM * n <json>`: it may be lost, and seldom come twice. */
  noticed(notice: unknown): void;
  /**
   * Something between us and `peer` was lost, or could not be sent for `brokerTimeout`, or its inbox is gone: whatever
   * the two had in common is broken. The line begins anew.
   */
  broken(peer: string, error: Error): void;
  /** Our inbox is gone: we count as dead. Nothing more comes or goes; close the party. */
  evicted(): void;
}

/** Largest payload of a record, in bytes: Redis takes 512 MiB. */
export const LARGEST_PAYLOAD = 511 * 1024 * 1024;

/** How often what takes long is looked for, in ms. */
const TICK_MS = 200;
/** How long the deletion of the inbox may take, in ms. */
const DELETE_MS = 500;
/** How many dead peers are remembered: what they sent is soon over. */
const MOST_FORGOTTEN = 10_000;

export class Party {
  readonly #events: PartyEvents;
  readonly #lines = new Map<string, PeerLine>();
  readonly #forgotten = new Set<string>();
  readonly #key: string;
  readonly #inbox: Inbox;
  readonly #courier: Courier;
  readonly #timer: NodeJS.Timeout;
  #isOver = false;
  #closed: Promise<void> | undefined;

  private constructor(broker: ResolvedBroker, id: string, events: PartyEvents) {
    this.#events = events;
    this.#key = keysOf(broker.prefix).inbox(id);
    this.#inbox = new Inbox(broker, this.#key, {
      frame: (bytes, isFinal) => this.#frame(bytes, isFinal),
      noticed: (notice) => events.noticed(notice),
      gone: () => this.#evicted(),
    });
    this.#courier = new Courier(broker, id, this.#lines, {
      gone: (line) => {
        const message = `Cannot send to '${line.peer}' as its inbox is gone: it ended, or counts as dead`;
        this.#break(line, line.session + 1, false, new Error(message));
      },
      failed: (line, error) => this.#break(line, line.session + 1, true, error),
    });
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#courier.tick(now);
      this.#inbox.tick(now);
    }, TICK_MS);
    this.#timer.unref();
  }

  /**
   * Creates the inbox of a party, and begins to read it.
   * @param id - used by no party before, as peers keep the numbers of what they got from it
   * @throws {BrokerUnavailableError} when the broker cannot be reached within `brokerTimeout`
   * @throws {MissingPackageError} when `ioredis` is not installed
   */
  static async open(broker: ResolvedBroker, id: string, events: PartyEvents): Promise<Party> {
    const party = new Party(broker, id, events);
    try {
      await party.#inbox.open();
    } catch (error) {
      await party.close(0);
      throw error;
    }
    return party;
  }

  /**
   * Sends a record, after all others that were sent to this peer; its payload must stay as it is until it left.
   *
   * Never throws: what cannot be sent breaks the line.
   *
   * @returns the position of the record in the line, from 1; 0 when nothing is sent to this peer any more
   */
  send(peer: string, record: LineRecord): number {
    if (this.#isOver || this.#forgotten.has(peer)) return 0;
    const line = this.#line(peer);
    const position = line.push(record);
    if (record.payload.byteLength > LARGEST_PAYLOAD) {
      queueMicrotask(() => this.#tooLarge(line, record));
    } else {
      this.#courier.schedule(line);
    }
    return position;
  }

  /**
   * Up to which position a peer that is dead may have received what we sent; nothing after it was received.
   * @param lastDelivered - the last id that its inbox had delivered, such as `"1700000000000-0"`
   */
  reached(peer: string, lastDelivered: string): number {
    return this.#lines.get(peer)?.reached(lastDelivered) ?? 0;
  }

  /** Forgets a peer that is dead: nothing more is sent to it or taken from it. */
  forget(peer: string): void {
    this.#lines.delete(peer);
    this.#forgotten.add(peer);
    if (this.#forgotten.size > MOST_FORGOTTEN) {
      for (const oldest of this.#forgotten) {
        this.#forgotten.delete(oldest);
        break;
      }
    }
    this.#courier.settled();
  }

  /** How many records are not in the inbox of their peer yet. */
  get unsent(): number {
    let count = 0;
    for (const line of this.#lines.values()) count += line.unsent;
    return count;
  }

  /** Whether its connections keep the event loop alive; they do unless told otherwise. */
  hold(isHeld: boolean): void {
    this.#inbox.hold(isHeld);
    this.#courier.hold(isHeld);
  }

  /** Waits until all is sent, for at most `within` ms. */
  flush(within: number): Promise<void> {
    return this.#isOver ? Promise.resolve() : this.#courier.allSent(within);
  }

  /** Sends what is unsent, for at most `within` ms; then closes the connections, and deletes the inbox. */
  close(within: number): Promise<void> {
    this.#closed ??= this.#close(within);
    return this.#closed;
  }

  async #close(within: number): Promise<void> {
    this.#inbox.close();
    if (!this.#isOver) await this.#courier.allSent(within);
    this.#end();
    await this.#courier.close(DELETE_MS, "UNLINK", this.#key);
  }

  /** Takes a frame; false when one before it is missing that may still be found. */
  #frame(bytes: Buffer, isFinal: boolean): boolean {
    const frame = read(bytes);
    if (frame === undefined || this.#isOver || this.#forgotten.has(frame.from)) return true;
    const line = this.#line(frame.from);
    let verdict = line.accept(frame);
    if (verdict === "anew") {
      const message = `Cannot go on with '${line.peer}' as it lost what we sent, or gave it up: it began the line anew`;
      this.#break(line, frame.session, false, line.isUsed ? new Error(message) : undefined);
      // The listener may have forgotten it.
      if (this.#lines.get(frame.from) !== line) return true;
      verdict = line.accept(frame);
    }
    if (verdict === "gap" && !isFinal) return false;
    if (verdict === "taken") {
      if (frame.records.length > 0) this.#events.received(frame.from, frame.records);
    } else if (verdict === "gap") {
      const message = `Cannot go on with '${line.peer}' as the broker lost a part of what it sent: frame ${line.expected} is missing, and ${frame.number} is there`;
      this.#break(line, line.session + 1, true, new Error(message));
    }
    return true;
  }

  #break(line: PeerLine, session: number, greets: boolean, error: Error | undefined): void {
    line.restart(session, greets);
    if (greets) this.#courier.schedule(line);
    this.#courier.settled();
    if (error !== undefined) this.#events.broken(line.peer, error);
  }

  #tooLarge(line: PeerLine, record: LineRecord): void {
    if (this.#isOver || this.#lines.get(line.peer) !== line) return;
    const message = `Cannot send to '${line.peer}' as a payload may have at most ${LARGEST_PAYLOAD} bytes: it has ${record.payload.byteLength}`;
    this.#break(line, line.session + 1, true, new RangeError(message));
  }

  #line(peer: string): PeerLine {
    let line = this.#lines.get(peer);
    if (line === undefined) this.#lines.set(peer, (line = new PeerLine(peer)));
    return line;
  }

  #evicted(): void {
    if (this.#isOver || this.#closed !== undefined) return;
    this.#end();
    this.#events.evicted();
  }

  /** Nothing more is heard or sent (P2). */
  #end(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
    this.#lines.clear();
    this.#courier.settled();
  }
}

/** What is no frame is not from one of us; were it, the next one would show the gap. */
function read(bytes: Buffer): Frame | undefined {
  try {
    return decodeFrame(bytes);
  } catch {
    return undefined;
  }
}
