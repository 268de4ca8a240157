import type { WorkerIdentity } from "../wire/protocol.js";

/** Prints what a method logs, with the name of its worker: it must be seen, also when nobody listens. */
export function printLog(pool: string, worker: WorkerIdentity, values: readonly unknown[]): void {
  // oxlint-disable-next-line no-console -- see above
  console.log(`[${pool} ${worker.index}]`, ...values);
}
