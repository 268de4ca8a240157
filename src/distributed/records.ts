/** What callers and nodes say to each other of a worker: the kinds of records on their line, and what the first holds. */
import type { CrashDetails } from "../errors.js";
import type { WireFailure } from "../wire/error-codec.js";
import type { StartMessage } from "../wire/protocol.js";

/** From a caller to a node. */
export const ToNode = {
  /** `Opening`: start a worker */
  open: 1,
  /** a message to its host, as it is */
  data: 2,
  /** it said that it is done: end it */
  leave: 3,
  /** end it now */
  end: 4,
} as const;

/** From a node to a caller. */
export const ToOwner = {
  /** a message of its host, as it is */
  data: 1,
  /** `Ending`: it is gone, and nothing more comes from it */
  exited: 2,
  /** `WireFailure`: it cannot be started here */
  refused: 3,
  /** the node shuts down: give it no more calls */
  retire: 4,
} as const;

/** What a node is told of a worker. */
export interface Opening {
  /** The name of its definition, and the version that the caller has. */
  readonly name: string;
  readonly version: string;
  readonly start: StartMessage;
  readonly isolation: "thread" | "process";
  /** Limits of its memory, in MB. */
  readonly resourceLimits: Readonly<Record<string, number | undefined>> | undefined;
}

/** How a worker ended. */
export interface Ending {
  readonly details: CrashDetails;
  readonly cause: WireFailure | undefined;
  /** The how-manieth call it had begun at most, where that is known. */
  readonly begun: number | undefined;
}

/** Longest message, in bytes: what is larger belongs elsewhere, with its address in the call. */
export const MAX_MESSAGE_BYTES = 64 * 2 ** 20;
