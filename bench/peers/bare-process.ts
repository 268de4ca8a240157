/** The floor of processes: one message over Node's own channel for each call and each reply, and nothing else. */
import { fork, type SerializationType } from "node:child_process";
import { once } from "node:events";
import { type Client, type Open, roundRobin } from "../peer.js";
import type { Item } from "../work.js";
import { type BareRequest, Operation } from "./bare-request.js";
import { PendingReplies } from "./pending-replies.js";

export function bareProcess(serialization: SerializationType): Open {
  return (workers) => roundRobin(workers, () => openOne(serialization));
}

function openOne(serialization: SerializationType): Client {
  const child = fork(new URL("./bare-process-worker.js", import.meta.url), { serialization });
  const pending = new PendingReplies();
  child.on("message", (reply: unknown) => pending.resolveNext(reply));
  const ask = (operation: number, value: unknown): Promise<unknown> => {
    const request: BareRequest = [operation, value];
    child.send(request as [number, object]);
    return pending.expect();
  };
  return {
    noop: (value) => ask(Operation.noop, value) as Promise<number>,
    echo: (value) => ask(Operation.echo, value) as Promise<Item | string>,
    cpu: (blocks) => ask(Operation.cpu, blocks) as Promise<number>,
    size: (bytes) => ask(Operation.size, bytes) as Promise<number>,
    count: (bytes) => ask(Operation.count, bytes) as Promise<number>,
    close: async () => {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}
