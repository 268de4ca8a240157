/**
 * A worker on this node: a thread or child process of its own, and its caller's messages to and fro.
 *
 * Owns the thread or process. Neither reads nor writes what is said, but for the first message.
 */
import type { CrashDetails } from "../../errors.js";
import type { LeaseEnd } from "../../host/lease.js";
import { openProcess } from "../../modes/process.js";
import type { Vessel } from "../../modes/remote-host.js";
import { openThread } from "../../modes/thread.js";
import { encodeFailure } from "../../wire/error-codec.js";
import { type StartMessage, ToHost } from "../../wire/protocol.js";
import { entryBytes } from "../../wire/codec/entry-buffer.js";
import { serialize } from "../../wire/serialize.js";
import { canSend } from "../../wire/unsendable.js";
import type { Definition } from "../../definitions/definition.js";
import type { Ending, Opening } from "../records.js";
import { RawSocketChannel } from "./raw-socket-channel.js";

/** Told of what a worker says, and of its end. */
export interface HostedEvents {
  said(bytes: Uint8Array): void;
  exited(ending: Ending): void;
}

export class HostedWorker {
  readonly link: string;
  readonly owner: string;
  readonly name: string;
  readonly startedAt = Date.now();
  #vessel: Vessel | undefined;
  #expected: CrashDetails | undefined;
  #isOver = false;

  constructor(link: string, owner: string, name: string) {
    this.link = link;
    this.owner = owner;
    this.name = name;
  }

  /** @param methods - of the class as this node has it; nothing else of it can be called */
  launch(
    opening: Opening,
    { registration }: Definition,
    methods: readonly string[],
    lease: LeaseEnd,
    events: HostedEvents,
  ): void {
    const { start, isolation, resourceLimits } = opening;
    const exited = (details: CrashDetails, cause?: unknown): void => {
      if (this.#isOver) return;
      this.#vessel?.channel.deliverPending();
      this.#isOver = true;
      const known = this.#expected ?? details;
      const failure = cause === undefined ? undefined : encodeFailure(cause, (value) => canSend(serialize, value));
      events.exited({ details: known, cause: failure, begun: this.#vessel?.begun?.() });
    };
    const begun = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const settings = { resourceLimits: resourceLimits as Record<string, number> | undefined };
    const { identity } = start;
    const vessel =
      isolation === "process"
        ? openProcess({ settings }, { exited }, (socket) => new RawSocketChannel(socket))
        : openThread({ settings, label: this.name, identity, begun }, { exited }, "packed");
    this.#vessel = vessel;
    vessel.channel.onMessage = ([bytes]) => events.said(bytes as Uint8Array);
    const { key, url, name } = registration;
    const blueprint = { ...start.blueprint, key, url, name, methods, depth: 1 };
    const started: StartMessage = { blueprint, identity, limits: start.limits };
    vessel.channel.put([entryBytes([started])], []);
    this.renew(lease);
  }

  /** Hands a message on to it. */
  tell(payload: Uint8Array): void {
    if (this.#isOver) return;
    // A copy: what arrived is part of something larger, all of which a thread would be sent.
    const bytes = new Uint8Array(payload);
    this.#vessel?.channel.put([bytes], [bytes.buffer]);
  }

  /** Calls may begin until then. */
  renew(lease: LeaseEnd): void {
    if (!this.#isOver) this.#vessel?.channel.put([entryBytes([ToHost.lease, ...lease])], []);
  }

  /** It said that it is done. */
  leave(): void {
    this.#expected = { reason: "exit" };
    this.#vessel?.leave();
  }

  kill(details: CrashDetails): void {
    this.#expected ??= details;
    this.#vessel?.kill();
  }
}
