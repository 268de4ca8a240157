/** The floor of threads: one message for each call and each reply, and nothing else. */
import { Worker } from "node:worker_threads";
import { type Client, type Open, roundRobin } from "../peer.js";
import type { Item } from "../work.js";
import { type BareRequest, Operation } from "./bare-request.js";
import { PendingReplies } from "./pending-replies.js";

export const bareThread: Open = (workers) => roundRobin(workers, openOne);

function openOne(): Client {
  const worker = new Worker(new URL("./bare-thread-worker.js", import.meta.url));
  const pending = new PendingReplies();
  worker.on("message", (reply: unknown) => pending.resolveNext(reply));
  const ask = (operation: number, value: unknown): Promise<unknown> => {
    worker.postMessage([operation, value] satisfies BareRequest);
    return pending.expect();
  };
  return {
    noop: (value) => ask(Operation.noop, value) as Promise<number>,
    echo: (value) => ask(Operation.echo, value) as Promise<Item | string>,
    cpu: (blocks) => ask(Operation.cpu, blocks) as Promise<number>,
    size: (bytes) => ask(Operation.size, bytes) as Promise<number>,
    count: (bytes) => ask(Operation.count, bytes) as Promise<number>,
    transfer: (bytes) => {
      worker.postMessage([Operation.transfer, bytes] satisfies BareRequest, [bytes.buffer]);
      return pending.expect() as Promise<Uint8Array<ArrayBuffer>>;
    },
    close: async () => {
      await worker.terminate();
    },
  };
}
