/** Poolifier's fixed pools by default; its task queue and other strategies are slower. It cannot transfer results. */
import cluster from "node:cluster";
import { fileURLToPath } from "node:url";
import { FixedClusterPool, FixedThreadPool } from "poolifier";
import type { Client, Open } from "../peer.js";
import type { Item } from "../work.js";
import { within } from "../within.js";

/** How long `destroy()` may take, in ms: at times it never resolves. */
const DESTROY_WITHIN_MS = 3000;

export const poolifierThreads: Open = (workers) => {
  const pool = new FixedThreadPool<unknown, unknown>(workers, pathOf("./poolifier-thread-worker.js"));
  // Threads that outlive a `destroy()` that hangs end with the program.
  return createClient(pool, () => {});
};

export const poolifierProcesses: Open = (workers) => {
  const file = pathOf("./poolifier-process-worker.js");
  // A cluster worker that is an ES module starts to listen after the pool's first message was lost, and the pool hangs.
  // Required ahead of the start, the same module runs before any message is read.
  const execArgv = ["--disable-warning=ExperimentalWarning", "--require", file];
  const pool = new FixedClusterPool<unknown, unknown>(workers, file, { settings: { execArgv } });
  return createClient(pool, () => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill("SIGKILL");
  });
};

function createClient(
  pool: FixedThreadPool<unknown, unknown> | FixedClusterPool<unknown, unknown>,
  kill: () => void,
): Client {
  return {
    noop: (value) => pool.execute(value, "noop") as Promise<number>,
    echo: (value) => pool.execute(value, "echo") as Promise<Item | string>,
    cpu: (blocks) => pool.execute(blocks, "cpu") as Promise<number>,
    size: (bytes) => pool.execute(bytes, "size") as Promise<number>,
    count: (bytes) => pool.execute(bytes, "count") as Promise<number>,
    close: async () => {
      try {
        await within(DESTROY_WITHIN_MS, "destroy a pool of poolifier", pool.destroy());
      } catch {
        kill();
      }
    },
  };
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}
