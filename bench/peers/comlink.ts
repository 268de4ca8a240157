/** Comlink, which has no pool: workers called in turn through its adapter for Node. */
import { Worker } from "node:worker_threads";
import { transfer, wrap } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { type Client, type Open, roundRobin } from "../peer.js";
import type { ComlinkApi } from "./comlink-worker.js";

export const comlink: Open = (workers) => roundRobin(workers, openOne);

function openOne(): Client {
  const worker = new Worker(new URL("./comlink-worker.js", import.meta.url));
  const api = wrap<ComlinkApi>(nodeEndpoint(worker));
  return {
    noop: (value) => api.noop(value),
    echo: (value) => api.echo(value),
    cpu: (blocks) => api.cpu(blocks),
    size: (bytes) => api.size(bytes),
    count: (bytes) => api.count(bytes),
    transfer: (bytes) => api.transfer(transfer(bytes, [bytes.buffer])),
    close: async () => {
      await worker.terminate();
    },
  };
}
