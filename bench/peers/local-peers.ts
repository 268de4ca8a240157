import type { Peer } from "../peer.js";

/** Everything that runs work in the caller's own thread, in the order of the tables. */
export const localPeers: readonly Peer[] = [
  { name: "manyhands sync", role: "ours", load: async () => (await import("./manyhands.js")).manyhands("sync") },
  { name: "manyhands async", role: "ours", load: async () => (await import("./manyhands.js")).manyhands("async") },
  { name: "bare await", role: "floor", load: async () => (await import("./bare-object.js")).bareObject },
  {
    name: "bare await, contexts followed",
    role: "floor",
    load: async () => (await import("./bare-object.js")).bareObjectInContext,
  },
];

/** No pool: the memory that a queue of calls takes, and what it costs. */
export const queuePeer: Peer = {
  name: "bare promises",
  role: "floor",
  load: async () => (await import("./bare-object.js")).bareQueue,
};
