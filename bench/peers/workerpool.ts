/** Workerpool by default; it hands a worker one task at a time and has no setting for more. */
import { fileURLToPath } from "node:url";
import workerpool from "workerpool";
import type { Open } from "../peer.js";
import type { Item } from "../work.js";

/** Processes speak JSON, its default and its fastest, which turns a byte array into an object: no buffers there. */
export function workerPool(workerType: "thread" | "process"): Open {
  return (workers) => {
    const file = fileURLToPath(new URL("./workerpool-worker.js", import.meta.url));
    const pool = workerpool.pool(file, { workerType, minWorkers: workers, maxWorkers: workers });
    return {
      noop: (value) => pool.exec("noop", [value]) as PromiseLike<number>,
      echo: (value) => pool.exec("echo", [value]) as PromiseLike<Item | string>,
      cpu: (blocks) => pool.exec("cpu", [blocks]) as PromiseLike<number>,
      size: (bytes) => pool.exec("size", [bytes]) as PromiseLike<number>,
      count: (bytes) => pool.exec("count", [bytes]) as PromiseLike<number>,
      transfer: (bytes) =>
        pool.exec("transfer", [bytes], { transfer: [bytes.buffer] }) as PromiseLike<Uint8Array<ArrayBuffer>>,
      close: async () => {
        await pool.terminate(true);
      },
    };
  };
}
