import type { Peer } from "../peer.js";
import { bareThread } from "./bare-thread.js";
import { comlink } from "./comlink.js";
import { manyhands } from "./manyhands.js";
import { piscina } from "./piscina.js";
import { poolifierThreads } from "./poolifier.js";
import { tinypool } from "./tinypool.js";
import { workerPool } from "./workerpool.js";

/** Everything that runs work in threads, in the order of the tables. */
export const threadPeers: readonly Peer[] = [
  manyhands("thread"),
  piscina,
  tinypool("worker_threads"),
  poolifierThreads,
  workerPool("thread"),
  comlink,
  bareThread,
];
