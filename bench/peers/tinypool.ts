/** Tinypool, with many tasks handed to a worker at once: more than twice its default throughput. */
import Tinypool from "tinypool";
import type { Open } from "../peer.js";
import type { Item } from "../work.js";

const NOOP = { name: "noop" };
const ECHO = { name: "echo" };
const CPU = { name: "cpu" };
const SIZE = { name: "size" };
const COUNT = { name: "count" };

/** Processes speak JSON, its default and its fastest, which turns a byte array into an object: no buffers there. */
export function tinypool(runtime: "worker_threads" | "child_process"): Open {
  return (workers) => {
    const pool = new Tinypool({
      filename: new URL("./tinypool-worker.js", import.meta.url).href,
      runtime,
      minThreads: workers,
      maxThreads: workers,
      concurrentTasksPerWorker: 500,
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
}
