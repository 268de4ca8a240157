import { parentPort } from "node:worker_threads";
import { expose, transfer } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { count, cpu, echo, type Item, noop, size } from "../work.js";

const api = {
  noop,
  echo: (value: Item | string): Item | string => echo(value),
  cpu,
  size,
  count,
  transfer: (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => transfer(bytes, [bytes.buffer]),
};

export type ComlinkApi = typeof api;

expose(api, nodeEndpoint(parentPort!));
