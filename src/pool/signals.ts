import type { PoolCore } from "./pool-core.js";

/** How long calls that run may take to finish after a signal, in ms. */
const FINISH_WITHIN_MS = 5000;

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Stops the pool at SIGINT and SIGTERM, then ends the process with the signal's exit code; a second one ends it at once. */
export function stopOnSignals(core: PoolCore): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      process.once(signal, () => process.exit(EXIT_CODES[signal]));
      void core.stop(FINISH_WITHIN_MS).finally(() => process.exit(EXIT_CODES[signal]));
    });
  }
}
