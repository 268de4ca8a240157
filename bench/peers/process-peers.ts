import type { Peer } from "../peer.js";
import { bareProcess } from "./bare-process.js";
import { manyhands } from "./manyhands.js";
import { poolifierProcesses } from "./poolifier.js";
import { tinypool } from "./tinypool.js";
import { workerPool } from "./workerpool.js";

/** Everything that runs work in processes, in the order of the tables; Piscina and Comlink have only threads. */
export const processPeers: readonly Peer[] = [
  manyhands("process"),
  tinypool("child_process"),
  poolifierProcesses,
  workerPool("process"),
  bareProcess("json"),
  bareProcess("advanced"),
];
