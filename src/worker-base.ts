import { hostState } from "./host/host-state.js";
import type { WorkerIdentity } from "./wire/protocol.js";

/**
 * What a worker class may extend to know which worker of its pool it is. Not needed otherwise: any class can be a worker.
 *
 * @example
 * class Indexer extends Worker {
 *   path(): string {
 *     return `part-${this.worker.index}.jsonl`;
 *   }
 * }
 */
export class Worker {
  /** Index, id, mode and pool of this worker; outside a pool (in a unit test, say) that of a lone one. */
  readonly worker: WorkerIdentity = hostState.constructing ?? { index: 0, id: "alone", mode: "sync", pool: "none" };
}
