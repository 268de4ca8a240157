import type { Peer } from "../peer.js";
import { localPeers, queuePeer } from "./local-peers.js";
import { processPeers } from "./process-peers.js";
import { blockingThread, idealThread, wokenThread, threadPeers } from "./thread-peers.js";

const kinds = {
  thread: [...threadPeers, wokenThread, idealThread, blockingThread],
  process: processPeers,
  local: [...localPeers, queuePeer],
} as const;

/** Where the work is done; peers of different kinds may have the same name. */
export type Kind = keyof typeof kinds;

/** @throws {RangeError} where there is none */
export function findPeer(kind: string, name: string): Peer {
  const peers: readonly Peer[] | undefined = Object.hasOwn(kinds, kind) ? kinds[kind as Kind] : undefined;
  const peer = peers?.find((one) => one.name === name);
  if (!peer) throw new RangeError(`Cannot find a peer of kind '${kind}' as none has the name '${name}'`);
  return peer;
}
