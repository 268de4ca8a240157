/**
 * One worker on a node, as its caller sees it: the vessel of its host.
 *
 * Owns what is known of its place. The line to the node is the `Cluster`'s.
 *
 *     joining ─→ placing ─→ waiting ─→ open ─→ closed
 *                   └────────────────↗
 *
 * N1. `exited` is told once, after everything its worker said; nothing that comes later is listened to.
 * N2. What cannot be read ends the worker, and nothing else.
 * N3. Once on a node it is gone only when the node says so, or is lost: a worker that may still run is not replaced.
 */
import type { CrashDetails } from "../../errors.js";
import type { HostSetup } from "../../modes/executor.js";
import type { Vessel, VesselEvents } from "../../modes/remote-host.js";
import type { Channel } from "../../wire/channel.js";
import { checkSize, EntryBuffer, EntryReader } from "../../wire/codec/entry-buffer.js";
import { deliver } from "../../wire/deliver.js";
import { decodeFailure, type WireFailure } from "../../wire/error-codec.js";
import type { StartMessage } from "../../wire/protocol.js";
import { deserialize, serialize } from "../../wire/serialize.js";
import type { PlaceRequest } from "../members/members.js";
import { MAX_MESSAGE_BYTES, type Opening, readEnding, ToNode, ToOwner } from "../records.js";
import { LongWait } from "./long-wait.js";

/** Who has links: the cluster. */
export interface LinkOwner {
  /** Finds a place for it, and tells it. */
  place(link: Link): void;
  /** It wants none any more. */
  withdraw(link: Link): void;
  /** Returns the position on the line to the node. */
  send(node: string, link: string, kind: number, payload: Uint8Array): number;
  closed(link: Link): void;
  /** Whether it must be kept going. */
  held(link: Link, isHeld: boolean): void;
}

/** What a definition is called between machines. */
export interface DefinitionName {
  readonly name: string;
  readonly version: string;
}

/** How many messages with calls are remembered at least: more than a node is ever behind. */
const KEPT = 4096;
const NOTHING = new Uint8Array();
/** So much need not wait for more. */
const WORTH_SENDING_BYTES = 65_536;

export class Link implements Vessel, Channel {
  readonly id: string;
  readonly #owner: LinkOwner;
  readonly #setup: HostSetup;
  readonly #definition: DefinitionName;
  readonly #events: VesselEvents;
  #longWait: LongWait | undefined;
  #start: StartMessage | undefined;
  #node: string | undefined;
  #isClosed = false;
  #isKilled = false;
  #handed = 0;
  #begun: number | undefined = 0;
  /** For each message with calls: where it is on the line, and the last call in it. */
  readonly #sent: { readonly position: number; readonly handed: number }[] = [];
  /** The last call in a message that is no longer remembered: it was received long ago. */
  #forgotten = 0;
  readonly #entries = new EntryBuffer("own", MAX_MESSAGE_BYTES);
  readonly #reader = new EntryReader();
  onMessage: (message: unknown[]) => void = () => {};
  onUnreadable: (error: unknown) => void = () => {};
  onClose: () => void = () => {};
  readonly isCongested = false;

  constructor(owner: LinkOwner, id: string, setup: HostSetup, definition: DefinitionName, events: VesselEvents) {
    this.#owner = owner;
    this.id = id;
    this.#setup = setup;
    this.#definition = definition;
    this.#events = events;
  }

  get channel(): Channel {
    return this;
  }

  /** The node it is on. */
  get node(): string | undefined {
    return this.#node;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** What it asks for. */
  request(owner: string, format: number): PlaceRequest {
    const { cpus, memory, resources } = this.#setup.actor!;
    return { worker: this.id, owner, need: { cpus, memory, resources }, format, ...this.#definition };
  }

  readonly trySend = (value: unknown): void => {
    checkSize(serialize(value).length, MAX_MESSAGE_BYTES);
  };

  put(entry: readonly unknown[]): void {
    if (this.#isClosed) return;
    if (!this.#node) {
      this.#start = entry[0] as StartMessage;
      this.#owner.place(this);
      return;
    }
    this.#entries.put(entry);
    if (this.#entries.size > WORTH_SENDING_BYTES) this.flush();
  }

  flush(): void {
    if (this.#isClosed || !this.#node || this.#entries.isEmpty) return;
    const bytes = this.#entries.take();
    const position = this.#owner.send(this.#node, this.id, ToNode.data, bytes);
    if (this.#sent.at(-1)?.handed === this.#handed) return;
    this.#sent.push({ position, handed: this.#handed });
    if (this.#sent.length > 2 * KEPT) this.#forgotten = this.#sent.splice(0, KEPT).at(-1)!.handed;
  }

  /** There is no room for it. */
  waits(reason: string): void {
    if (this.#isClosed) return;
    this.#events.waiting(reason);
    this.#longWait ??= new LongWait(this.#setup.start.identity.pool, this.#definition.name);
    this.#longWait.waits(reason);
  }

  /** A node has room for it. */
  placed(node: string): void {
    if (this.#isClosed || this.#node !== undefined) return;
    this.#node = node;
    this.#events.waiting(undefined);
    const { actor, settings } = this.#setup;
    const opening: Opening = {
      ...this.#definition,
      start: this.#start!,
      isolation: actor!.isolation,
      resourceLimits: settings.resourceLimits ?? heapOf(actor!.memory),
    };
    this.#owner.send(node, this.id, ToNode.open, serialize(opening));
  }

  /** No place can be asked for. */
  failed(error: unknown): void {
    if (!this.#isClosed) this.#events.failed(error);
  }

  received(kind: number, payload: Uint8Array): void {
    if (this.#isClosed) return;
    try {
      this.#take(kind, payload);
    } catch (error) {
      this.onUnreadable(error);
    }
  }

  #take(kind: number, payload: Uint8Array): void {
    switch (kind) {
      case ToOwner.data:
        deliver(this, this.#reader, payload);
        return;
      case ToOwner.exited: {
        const { details, cause, begun } = readEnding(payload);
        const error = cause && this.#decode(cause);
        this.#begun = begun;
        this.#close(details, error);
        return;
      }
      case ToOwner.refused:
        this.#close({ reason: "exit" }, undefined, this.#decode(deserialize(payload) as WireFailure));
        return;
      case ToOwner.retire:
        this.#events.retire();
        return;
    }
  }

  /**
   * It is gone with its node, or what was said is.
   * @param reached - how far the node may have received what was sent
   */
  lost(details: CrashDetails, cause: unknown, reached: number): void {
    if (this.#isClosed) return;
    this.#begun = this.#sent.findLast(({ position }) => position <= reached)?.handed ?? this.#forgotten;
    this.#close(details, cause);
  }

  kill(): void {
    if (this.#isClosed || this.#isKilled) return;
    this.#isKilled = true;
    if (this.#node) this.#owner.send(this.#node, this.id, ToNode.end, NOTHING);
    else this.#close({ reason: "terminated" });
  }

  leave(): void {
    if (!this.#isClosed && this.#node) this.#owner.send(this.#node, this.id, ToNode.leave, NOTHING);
  }

  handing(handedAs: number): void {
    this.#handed = handedAs;
  }

  begun(): number | undefined {
    return this.#begun;
  }

  ref(): void {
    this.#owner.held(this, true);
  }

  unref(): void {
    this.#owner.held(this, false);
  }

  onceDrained(fn: () => void): void {
    fn();
  }

  deliverPending(): void {
    // What it said arrived before its end, on the same line.
  }

  close(): void {
    // Closed by its end.
  }

  #close(details: CrashDetails, cause?: unknown, refusal?: unknown): void {
    this.#isClosed = true;
    this.#owner.closed(this);
    if (refusal === undefined) this.#events.exited(details, cause);
    else this.#events.failed(refusal);
  }

  #decode(failure: WireFailure): unknown {
    return decodeFailure(failure, () => undefined, `(node ${this.#node})`);
  }
}

function heapOf(memory: number): { maxOldGenerationSizeMb: number } | undefined {
  return memory > 0 ? { maxOldGenerationSizeMb: Math.max(1, Math.floor(memory / 2 ** 20)) } : undefined;
}
