/** Piscina, with many tasks handed to a worker at once and without timings: twice its default throughput. */
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import type { Open } from "../peer.js";
import type { Item } from "../work.js";

const NOOP = { name: "noop" };
const ECHO = { name: "echo" };
const CPU = { name: "cpu" };
const SIZE = { name: "size" };
const COUNT = { name: "count" };

export const piscina: Open = (workers) => {
  const pool = new Piscina({
    filename: fileURLToPath(new URL("./piscina-worker.js", import.meta.url)),
    minThreads: workers,
    maxThreads: workers,
    concurrentTasksPerWorker: 500,
    recordTiming: false,
  });
  return {
    noop: (value) => pool.run(value, NOOP) as Promise<number>,
    echo: (value) => pool.run(value, ECHO) as Promise<Item | string>,
    cpu: (blocks) => pool.run(blocks, CPU) as Promise<number>,
    size: (bytes) => pool.run(bytes, SIZE) as Promise<number>,
    count: (bytes) => pool.run(bytes, COUNT) as Promise<number>,
    transfer: (bytes) =>
      pool.run(bytes, { name: "transfer", transferList: [bytes.buffer] }) as Promise<Uint8Array<ArrayBuffer>>,
    close: () => pool.destroy(),
  };
};
