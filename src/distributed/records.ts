/** What callers and nodes say to each other of a worker: the kinds of records on their line, and what the first holds. */
import type { CrashDetails } from "../errors.js";
import type { WireFailure } from "../wire/error-codec.js";
import type { StartMessage } from "../wire/protocol.js";
import { deserialize } from "../wire/serialize.js";

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

/**
 * Reads what a caller asks for: it may come from anyone who can write to the broker.
 * @throws {TypeError} when it is something else
 */
export function readOpening(payload: Uint8Array): Opening {
  const opening = deserialize(payload) as Opening;
  const { name, version, start, isolation, resourceLimits = {} } = opening;
  const { blueprint, identity } = start;
  const isRight =
    [name, version, blueprint.pool, identity.id, identity.mode].every((text) => typeof text === "string") &&
    (isolation === "thread" || isolation === "process") &&
    Object.values(resourceLimits).every((limit) => limit === undefined || isCount(limit)) &&
    isCount(identity.index) &&
    isCount(blueprint.concurrency) &&
    Array.isArray(blueprint.methods) &&
    Array.isArray(blueprint.constructorArgs);
  if (isRight) return opening;
  throw new TypeError("Cannot start a worker as what was asked for is not of the right form");
}

/**
 * Reads how a worker ended.
 * @throws {TypeError} when it is something else
 */
export function readEnding(payload: Uint8Array): Ending {
  const ending = deserialize(payload) as Ending;
  const { details, begun } = ending;
  if (typeof details.reason === "string" && (begun === undefined || isCount(begun))) return ending;
  throw new TypeError("Cannot read the end of a worker as it is not of the right form");
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && value >= 0;
}
