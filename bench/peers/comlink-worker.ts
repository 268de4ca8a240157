import { parentPort } from "node:worker_threads";
import { expose, transfer } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { cpu, echo, noop, size } from "../work.js";

const api = {
  noop,
  echo,
  cpu,
  size,
  transfer: (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => transfer(bytes, [bytes.buffer]),
};

export type ComlinkApi = typeof api;

expose(api, nodeEndpoint(parentPort!));
