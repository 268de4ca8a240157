/** Stops pools at SIGINT and SIGTERM, for programs that ask for it. */
import type { PoolCore } from "./pool-core.js";

/** How long calls that run may take to finish after a signal, in ms. */
const FINISH_WITHIN_MS = 5000;

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

const pools = new Set<PoolCore>();
let isStopping = false;

/**
 * Has the pool stopped at a signal, with all others of this kind; then the process ends with the signal's exit code. A
 * second signal ends it at once. Returns the function that takes the pool out again.
 */
export function stopOnSignals(core: PoolCore): () => void {
  if (pools.size === 0) {
    process.on("SIGINT", stopAll);
    process.on("SIGTERM", stopAll);
  }
  pools.add(core);
  return () => {
    pools.delete(core);
    if (pools.size > 0 || isStopping) return;
    process.off("SIGINT", stopAll);
    process.off("SIGTERM", stopAll);
  };
}

function stopAll(signal: keyof typeof EXIT_CODES): void {
  const end = (): never => process.exit(EXIT_CODES[signal]);
  if (isStopping) end();
  isStopping = true;
  void Promise.allSettled([...pools].map(async (core) => core.stop(FINISH_WITHIN_MS))).then(end);
}
