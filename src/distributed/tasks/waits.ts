/**
 * Who waits for results, and how these come.
 *
 * Owns the results that somebody waits for, and what is to be read of them; knows those that nobody waits for yet.
 *
 * V1. A result comes by a message of the node that ran the task. Messages may be lost, so every two seconds it is looked
 *     how those stand that are waited for; and at once when the connection came back.
 * V2. A result that nobody holds on to any more is forgotten here.
 * V3. One reply is waited for at a time, and what is to be read is asked for once: large results would fill the way to the
 *     broker, and be asked for again while they are on it.
 */
import type { ResolvedBroker } from "../../config/broker.js";
import type { BrokerUnavailableError } from "../../errors.js";
import type { Script } from "../broker/script.js";
import { READ } from "./scripts.js";

/** What a task has come to: `s` a result, `f` a failure as JSON, `t` one as text, `g` revoked, `u` unknown. */
export interface Outcome {
  readonly kind: "s" | "f" | "t" | "g" | "u";
  readonly body: string;
}

/** Somebody to be told of an outcome. */
export interface Waiter {
  readonly id: string;
  settle(outcome: Outcome): void;
  fail(error: unknown): void;
}

/** The way to the broker, as far as it is needed here. */
export interface ResultsClient {
  readonly id: string;
  readonly broker: ResolvedBroker;
  readonly isUp: boolean;
  hold(): void;
  release(): void;
  giveUp(): void;
  script(action: string, script: Script, args: readonly (string | number)[]): Promise<unknown>;
  unavailable(action: string, cause: unknown): BrokerUnavailableError;
}

const LOOK_EVERY_MS = 2000;
const READ_AT_ONCE = 200;
/** More than these are looked at less often. */
const LOOKED_AT_EACH_TIME = 5000;
/** Bytes after which a reply brings no more results. */
const REPLY_SIZE = 4 * 1024 * 1024;
const LINE_END = 10;

export class Waits {
  readonly #client: ResultsClient;
  /** Those with somebody waiting, and since when, or when they were last looked at. */
  readonly #waiting = new Map<string, { readonly waiters: Set<Waiter>; since: number }>();
  /** Those made here that nobody waits for yet. */
  readonly #made = new Map<string, WeakRef<Waiter>>();
  readonly #toRead = new Set<string>();
  #onWay: readonly string[] = [];
  #isReading = false;
  readonly #dropped = new FinalizationRegistry<string>((id) => {
    if (!this.#made.get(id)?.deref()) this.#made.delete(id);
  });
  #timer: NodeJS.Timeout | undefined;
  #downSince: number | undefined;

  constructor(client: ResultsClient) {
    this.#client = client;
  }

  /** A task that was made here, whose end this process will be told of. */
  made(waiter: Waiter): void {
    this.#made.set(waiter.id, new WeakRef(waiter));
    this.#dropped.register(waiter, waiter.id);
  }

  /** Somebody waits for it now. */
  wait(waiter: Waiter): void {
    const isMade = this.#made.get(waiter.id)?.deref() === waiter;
    const entry = this.#waiting.get(waiter.id);
    if (entry) {
      entry.waiters.add(waiter);
    } else {
      this.#waiting.set(waiter.id, { waiters: new Set([waiter]), since: performance.now() });
      this.#client.hold();
    }
    if (!this.#timer) {
      this.#downSince = undefined;
      // Often enough to see that the broker is away for too long.
      const pause = Math.min(LOOK_EVERY_MS, this.#client.broker.brokerTimeout / 2);
      this.#timer = setInterval(() => this.look(false), pause);
    }
    if (!isMade) this.#read(waiter.id);
  }

  /** It waits no longer. */
  leave(waiter: Waiter): void {
    const entry = this.#waiting.get(waiter.id);
    if (!entry?.waiters.delete(waiter) || entry.waiters.size > 0) return;
    this.#end(waiter.id);
  }

  /** Reads a message: for each task a kind, its id, a line end, the length of a text, a line end, the text. */
  arrived(message: Buffer): void {
    for (let at = 0; at < message.length;) {
      const idEnd = message.indexOf(LINE_END, at);
      const lengthEnd = message.indexOf(LINE_END, idEnd + 1);
      const id = message.toString("latin1", at + 1, idEnd);
      const end = lengthEnd + 1 + Number(message.toString("latin1", idEnd + 1, lengthEnd));
      // Not one of ours: somebody else writes to this channel.
      if (idEnd === -1 || lengthEnd === -1 || !(end <= message.length)) return;
      this.#arrivedOne(id, String.fromCharCode(message[at]!), message.toString("utf8", lengthEnd + 1, end));
      at = end;
    }
  }

  #arrivedOne(id: string, kind: string, body: string): void {
    if ("sftg".includes(kind)) {
      this.#settle(id, { kind: kind as Outcome["kind"], body });
      return;
    }
    // Too large to be sent to everyone: read by those who want it.
    if (this.#waiting.has(id)) this.#read(id);
    this.#made.delete(id);
  }

  /** Looks at those that are waited for (V1). */
  look(isReconnected: boolean): void {
    const now = performance.now();
    if (!this.#client.isUp) {
      this.#downSince ??= now;
      if (now - this.#downSince > this.#client.broker.brokerTimeout) this.#client.giveUp();
      return;
    }
    this.#downSince = undefined;
    const pause = LOOK_EVERY_MS * Math.max(0.9, this.#waiting.size / LOOKED_AT_EACH_TIME);
    const old = isReconnected ? now : now - pause;
    const onWay = new Set(this.#onWay);
    for (const [id, entry] of this.#waiting) {
      if (entry.since > old || onWay.has(id)) continue;
      entry.since = now;
      this.#read(id);
    }
  }

  fail(cause: unknown): void {
    for (const [id, { waiters }] of this.#waiting) {
      this.#end(id);
      for (const waiter of waiters) waiter.fail(this.#client.unavailable(`get the result of task '${id}'`, cause));
    }
    this.#made.clear();
    this.#toRead.clear();
  }

  /** Reads how this one stands, together with others. */
  #read(id: string): void {
    this.#toRead.add(id);
    if (this.#isReading) return;
    this.#isReading = true;
    process.nextTick(() => void this.#readAll());
  }

  async #readAll(): Promise<void> {
    while (this.#toRead.size > 0) {
      const ids: string[] = [];
      for (const id of this.#toRead) {
        this.#toRead.delete(id);
        if (this.#waiting.has(id)) ids.push(id);
        if (ids.length === READ_AT_ONCE) break;
      }
      this.#onWay = ids;
      if (ids.length > 0) await this.#readSome(ids);
    }
    this.#onWay = [];
    this.#isReading = false;
  }

  async #readSome(ids: readonly string[]): Promise<void> {
    let found: string[];
    try {
      const args = [this.#client.id, REPLY_SIZE, ...ids];
      found = (await this.#client.script("get results of tasks", READ, args)) as string[];
    } catch (error) {
      for (const id of ids) {
        const entry = this.#waiting.get(id);
        if (entry) this.#end(id);
        for (const waiter of entry?.waiters ?? []) waiter.fail(error);
      }
      return;
    }
    for (const [index, id] of ids.entries()) {
      const kind = found[index * 3]!;
      if ("sftgu".includes(kind)) this.#settle(id, { kind: kind as Outcome["kind"], body: found[index * 3 + 1]! });
      else if (kind === "b") this.#toRead.add(id);
    }
  }

  #settle(id: string, outcome: Outcome): void {
    const entry = this.#waiting.get(id);
    const made = this.#made.get(id)?.deref();
    this.#made.delete(id);
    if (entry) this.#end(id);
    made?.settle(outcome);
    for (const waiter of entry?.waiters ?? []) if (waiter !== made) waiter.settle(outcome);
  }

  #end(id: string): void {
    this.#waiting.delete(id);
    this.#client.release();
    if (this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
