import type { MessagePort } from "node:worker_threads";

/** Under which name the data of a thread holds what it is told. */
export const THREAD_START = "manyhands.start";

/** What a thread of a pool is told when it begins: the rest comes over the channel. */
export interface ThreadStart {
  readonly port: MessagePort;
  /** The memory it shares with its caller; without, all goes by the port. */
  readonly memory: SharedArrayBuffer | undefined;
}
