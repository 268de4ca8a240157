/** Comlink, which has no pool: workers called in turn through its adapter for Node. */
import { Worker } from "node:worker_threads";
import { transfer, wrap } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { type Client, type Peer, roundRobin } from "../peer.js";
import type { ComlinkApi } from "./comlink-worker.js";

export const comlink: Peer = {
  name: "comlink",
  open: (workers) => roundRobin(workers, openOne),
};

function openOne(): Client {
  const worker = new Worker(new URL("./comlink-worker.js", import.meta.url));
  const api = wrap<ComlinkApi>(nodeEndpoint(worker));
  return {
    noop: (value) => api.noop(value),
    echo: (item) => api.echo(item),
    cpu: (blocks) => api.cpu(blocks),
    size: (bytes) => api.size(bytes),
    transfer: (bytes) => api.transfer(transfer(bytes, [bytes.buffer])),
    close: async () => {
      await worker.terminate();
    },
  };
}
