import type { CrashDetails, WorkerStartError } from "../errors.js";
import type { Host, HostEvents } from "../modes/executor.js";
import type { WorkerIdentity } from "../wire/protocol.js";
import type { Call } from "./call.js";
import type { ResolvedOptions } from "./options.js";
import type { Roster } from "./roster.js";
import type { Slot } from "./slot.js";

/** What a slot asks of its pool. */
export interface SlotOwner {
  readonly options: ResolvedOptions;
  readonly name: string;
  /** Whether its workers live in this event loop. */
  readonly isLocal: boolean;
  /** Makes a host for a worker of this identity. */
  createHost(identity: WorkerIdentity, events: HostEvents): Host;
  identify(index: number): WorkerIdentity;
  /** Whether a call that needs limits waits only for a worker that has nothing to do. */
  readonly isOwed: boolean;
  /** The worker answered a call, or died over it: an attempt is over. */
  answered(call: Call, status: "done" | "failed", outcome: unknown): void;
  /** The slot may take more calls than before: give it some. */
  hasRoom(slot: Slot): void;
  /** Who is told when a slot has another state, fewer calls, or takes another number; or more, if it `followsLoad`. */
  readonly roster: Pick<Roster, "changed" | "moved" | "followsLoad">;
  /** The calls must be given to somebody else. */
  takeBack(calls: Call[]): void;
  /** The worker cannot be started; the calls it has are still its own. */
  cannotStart(slot: Slot, error: WorkerStartError): void;
  becameReady(slot: Slot): void;
  died(slot: Slot, identity: WorkerIdentity, details: CrashDetails): void;
  /** The slot is gone for good. */
  gone(slot: Slot): void;
  logged(identity: WorkerIdentity, call: Call | undefined, values: unknown[]): void;
}

export type SlotState = "cold" | "starting" | "ready" | "backoff" | "retiring" | "stopping" | "gone";
