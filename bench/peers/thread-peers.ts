import type { Peer } from "../peer.js";

/** Everything that runs work in threads, in the order of the tables. */
export const threadPeers: readonly Peer[] = [
  { name: "manyhands", role: "ours", load: async () => (await import("./manyhands.js")).manyhands("thread") },
  { name: "piscina", role: "peer", load: async () => (await import("./piscina.js")).piscina },
  { name: "tinypool", role: "peer", load: async () => (await import("./tinypool.js")).tinypool("worker_threads") },
  { name: "poolifier", role: "peer", load: async () => (await import("./poolifier.js")).poolifierThreads },
  { name: "workerpool", role: "peer", load: async () => (await import("./workerpool.js")).workerPool("thread") },
  { name: "comlink", role: "peer", load: async () => (await import("./comlink.js")).comlink },
  { name: "bare postMessage", role: "floor", load: async () => (await import("./bare-thread.js")).bareThread },
];

/** Threads that do not stay awake for each other, as they do by default. */
export const wokenThread: Peer = {
  name: "manyhands, spin: off",
  role: "ours",
  load: async () => (await import("./manyhands.js")).manyhands("thread", { spin: "off" }),
};

/** Two threads with the same work as everybody, in one call for each. */
export const idealThread: Peer = {
  name: "ideal",
  role: "floor",
  load: async () => (await import("./bare-thread.js")).bareThread,
};

/** A pool of one thread whose calls block. */
export const blockingThread: Peer = {
  name: "manyhands, blocking",
  role: "ours",
  load: async () => (await import("./manyhands.js")).blockingManyhands,
};
