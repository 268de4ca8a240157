import type { Peer } from "../peer.js";

/** Everything that runs work in processes, in the order of the tables; Piscina and Comlink have only threads. */
export const processPeers: readonly Peer[] = [
  { name: "manyhands", role: "ours", load: async () => (await import("./manyhands.js")).manyhands("process") },
  { name: "tinypool", role: "peer", load: async () => (await import("./tinypool.js")).tinypool("child_process") },
  { name: "poolifier", role: "peer", load: async () => (await import("./poolifier.js")).poolifierProcesses },
  { name: "workerpool", role: "peer", load: async () => (await import("./workerpool.js")).workerPool("process") },
  { name: "bare IPC json", role: "floor", load: async () => (await import("./bare-process.js")).bareProcess("json") },
  {
    name: "bare IPC advanced",
    role: "floor",
    load: async () => (await import("./bare-process.js")).bareProcess("advanced"),
  },
];
