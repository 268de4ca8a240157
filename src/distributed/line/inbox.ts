/**
 * Reads what is put into the inbox of this party. It owns the stream, its group, and a connection for itself, as a read
 * blocks it.
 *
 * I1 What was read is handed on in order, at once; copies are rare, and told by their numbers.
 * I2 What a lost connection was to deliver is fetched again before anything newer. The group does not keep it (NOACK),
 *    the stream does, up to the entry that the group says it delivered last.
 * I3 That mark of the group is never behind what was handed on: others learn from it what a dead party received.
 * I4 The server may serve a read of a connection that is lost, until it hears of that, or the read is over: for so long
 *    answers do not count, and what was delivered is taken from the stream. Should one come later still, a gap shows it,
 *    and the stream holds what was read last.
 */
import { BrokerUnavailableError } from "../../errors.js";
import { type Connection, connect, hold } from "../broker/connection.js";
import type { ResolvedBroker } from "../../config/broker.js";
import { isPassing, pauseAfter } from "./broker-faults.js";

export interface InboxEvents {
  /** Says whether it could be taken: false asks for what may be missing before it, unless `isFinal`. */
  frame(bytes: Buffer, isFinal: boolean): boolean;
  noticed(notice: unknown): void;
  /** It is not there any more, or cannot be read. */
  gone(error: Error): void;
}

type Entry = readonly [id: Buffer, fields: readonly Buffer[]];

/** A list of streams in RESP 2, which ioredis speaks up to version 5; one flat list in RESP 3. */
type NewEntries = readonly [readonly [key: Buffer, entries: readonly Entry[]]] | readonly [Buffer, readonly Entry[]];

/** Longest wait of a read, in ms: what was read is deleted then, at the latest. */
const BLOCK_MS = 2000;
/** The same, while answers do not count (I4). */
const SHORT_BLOCK_MS = 100;
/** Most entries of a read, of up to 1 MiB each. */
const MOST_ENTRIES = 64;
/** What was read before the last so many entries or bytes is deleted: with each read it would delay the next. */
const MOST_READ_ENTRIES = 64;
const MOST_READ_BYTES = 256 * 1024;
const GROUP = "g";
const CONSUMER = "c";

export class Inbox {
  readonly #key: string;
  readonly #broker: ResolvedBroker;
  readonly #events: InboxEvents;
  #connection: Connection;
  /** Ends the command that is under way, as its answer will not come. */
  #abandon: ((why: Error) => void) | undefined;
  /** Whether answers do not count: see I2 and I4. */
  #mustRecover = false;
  /** Until when that is so; undefined while a lost connection is not back. */
  #recoversUntil: number | undefined;
  #lastId = "0-0";
  /** Up to where the stream is deleted, and will be next. */
  #deletedId = "0-0";
  #nextDeletedId = "0-0";
  #readEntries = 0;
  #readBytes = 0;
  /** When the read that is under way was sent. */
  #askedAt: number | undefined;
  #isClosed = false;

  constructor(broker: ResolvedBroker, key: string, events: InboxEvents) {
    this.#broker = broker;
    this.#key = key;
    this.#events = events;
    this.#connection = this.#connect();
  }

  /**
   * Creates the stream, and begins to read.
   * @throws {BrokerUnavailableError} when that is not done within `brokerTimeout`
   */
  async open(): Promise<void> {
    const { brokerTimeout } = this.#broker;
    const until = performance.now() + brokerTimeout;
    let lastError: unknown;
    for (let tries = 1; ; tries += 1) {
      try {
        await inTime(this.#create(), until - performance.now());
        break;
      } catch (error) {
        if (error instanceof Refused) lastError = error.cause;
        const pause = pauseAfter(tries);
        if (error instanceof Late || !isPassing(lastError) || performance.now() + pause > until) {
          this.close();
          const cause = lastError === undefined ? undefined : { cause: lastError };
          const why = lastError === undefined ? "it does not answer" : (lastError as Error).message;
          throw new BrokerUnavailableError(
            isPassing(lastError ?? error)
              ? `Cannot reach the broker within ${brokerTimeout} ms, see 'brokerTimeout': ${why}`
              : `Cannot open an inbox at the broker as it refused it: ${why}`,
            cause,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
    void this.#readAll();
  }

  /** To be called every now and then: a connection that is silent for longer than a read may take is begun anew. */
  tick(now: number): void {
    if (this.#askedAt === undefined || this.#connection.status !== "ready") return;
    if (now - this.#askedAt < BLOCK_MS + this.#broker.lease) return;
    this.#renew();
  }

  /** Whether the connection keeps the event loop alive. */
  hold(isHeld: boolean): void {
    hold(this.#connection, isHeld);
  }

  close(): void {
    this.#isClosed = true;
    this.#connection.disconnect();
    this.#abandon?.(new Error("The inbox is closed"));
  }

  async #create(): Promise<void> {
    try {
      await this.#ask("XGROUP", "CREATE", this.#key, GROUP, "0", "MKSTREAM");
    } catch (error) {
      // A try before this one made it, and its answer was lost.
      if (!(error as Error).message.startsWith("BUSYGROUP")) throw error;
    }
  }

  async #readAll(): Promise<void> {
    let failingSince: number | undefined;
    let tries = 0;
    while (!this.#isClosed) {
      try {
        await (this.#mustRecover ? this.#recover() : this.#read());
        failingSince = undefined;
        tries = 0;
      } catch (error) {
        if (this.#isClosed) return;
        // What a listener throws is a defect, and must not look like a fault of the broker.
        if (!(error instanceof Refused)) throw error;
        const now = performance.now();
        failingSince ??= now;
        tries += 1;
        const isGone = IS_GONE.test(error.message);
        if (isGone || now - failingSince > this.#broker.brokerTimeout) {
          this.#fail(error);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, pauseAfter(tries)));
      }
    }
  }

  async #read(): Promise<void> {
    const entries = await this.#askForNew(BLOCK_MS);
    if (entries.length === 0) {
      this.#nextDeletedId = this.#lastId;
      if (this.#deletedId !== this.#lastId) this.#deleteRead();
      return;
    }
    for (const entry of entries) {
      if (this.#take(entry, false)) continue;
      this.#mustRecover = true;
      this.#lastId = this.#deletedId;
      return;
    }
    // Answers that were sent at once leave first: a command takes as long as a good part of a round trip.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    if (this.#readEntries >= MOST_READ_ENTRIES || this.#readBytes >= MOST_READ_BYTES) this.#deleteRead();
  }

  /** Hands on what lies between the last entry handed on and the last one delivered (I2, I3). */
  async #recover(): Promise<void> {
    const groups = (await this.#ask("XINFO", "GROUPS", this.#key)) as Buffer[][];
    const fields = groups.map((group) => group.map(String)).find((group) => group[1] === GROUP);
    if (fields === undefined) throw new Refused(new Error("NOGROUP The group of the inbox is gone"));
    const last = fields[fields.indexOf("last-delivered-id") + 1]!;
    for (;;) {
      const range = [`(${this.#lastId}`, last, "COUNT", MOST_ENTRIES];
      const entries = (await this.#ask("XRANGE", this.#key, ...range)) as Entry[];
      for (const entry of entries) this.#take(entry, true);
      if (entries.length < MOST_ENTRIES || this.#isClosed) break;
    }
    const now = performance.now();
    this.#recoversUntil ??= now + BLOCK_MS + SHORT_BLOCK_MS;
    if (now > this.#recoversUntil) {
      this.#mustRecover = false;
      return;
    }
    // The answer is taken from the stream in the next round.
    await this.#askForNew(SHORT_BLOCK_MS);
  }

  async #askForNew(block: number): Promise<readonly Entry[]> {
    const how = ["GROUP", GROUP, CONSUMER, "COUNT", MOST_ENTRIES, "BLOCK", block, "NOACK"];
    const answer = (await this.#ask("XREADGROUP", ...how, "STREAMS", this.#key, ">")) as NewEntries | null;
    if (answer === null) return [];
    return answer.length === 2 ? answer[1] : answer[0][1];
  }

  async #ask(command: string, ...args: (string | number)[]): Promise<unknown> {
    this.#askedAt = performance.now();
    try {
      return await new Promise((resolve, reject) => {
        this.#abandon = reject;
        this.#connection.callBuffer(command, ...args).then(resolve, reject);
      });
    } catch (error) {
      throw new Refused(error as Error);
    } finally {
      this.#askedAt = undefined;
    }
  }

  #connect(): Connection {
    const connection = connect(this.#broker, "inbox");
    let wasReady = false;
    connection.on("ready", () => {
      wasReady = true;
    });
    connection.on("close", () => {
      if (wasReady && connection === this.#connection && !this.#isClosed) this.#renew();
    });
    return connection;
  }

  /** Takes another connection: the same would send again what was under way, and a read must not come first (I2). */
  #renew(): void {
    this.#mustRecover = true;
    this.#recoversUntil = undefined;
    this.#connection.disconnect();
    this.#connection = this.#connect();
    this.#abandon?.(new Error("The connection was lost"));
  }

  /** Hands on an entry; false when something before it is missing, and it is not taken. */
  #take([id, fields]: Entry, isFinal: boolean): boolean {
    if (this.#isClosed) return true;
    const [field, value] = fields;
    const name = field!.toString("latin1");
    if (name === "f" && !this.#events.frame(value!, isFinal)) return false;
    const notice = name === "n" ? parse(value!) : undefined;
    if (notice !== undefined) this.#events.noticed(notice);
    this.#lastId = id.toString("latin1");
    this.#readEntries += 1;
    this.#readBytes += value!.length;
    return true;
  }

  /** Deletes what was read until the time before. It goes with the next read; what fails is deleted later. */
  #deleteRead(): void {
    this.#readEntries = 0;
    this.#readBytes = 0;
    this.#deletedId = this.#nextDeletedId;
    this.#nextDeletedId = this.#lastId;
    const [ms, sequence] = this.#deletedId.split("-");
    this.#connection.call("XTRIM", this.#key, "MINID", `${ms}-${Number(sequence) + 1}`).catch(() => {});
  }

  #fail(error: Error): void {
    this.close();
    this.#events.gone(error);
  }
}

/** What says that the stream, or its group, is not there. */
const IS_GONE = /^(NOGROUP|ERR no such key)/;

/** A command that failed. */
class Refused extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

class Late extends Error {}

async function inTime(work: Promise<void>, within: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const isOver = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Late()), Math.max(within, 0));
  });
  try {
    await Promise.race([work, isOver]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {});
  }
}

/** What a script put there: other content is none of ours. */
function parse(notice: Buffer): unknown {
  try {
    return JSON.parse(notice.toString()) as unknown;
  } catch {
    return undefined;
  }
}
