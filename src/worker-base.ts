import { processWide } from "./config/process-wide.js";
import { hostState } from "./host/host-state.js";
import type { Limits } from "./limits/grant.js";
import { unlimited } from "./limits/unlimited.js";
import type { WorkerIdentity } from "./wire/protocol.js";

/**
 * What a worker class may extend to know which worker of its pool it is, and the limits of the pool. Not needed otherwise:
 * any class can be a worker.
 *
 * @typeParam C - the `config` of the limit sets that its pools are given
 * @example
 * class Client extends Worker {
 *   async generate(prompt: string): Promise<string> {
 *     await using grant = await this.limits.acquire({ tokens: estimate(prompt) });
 *     const { text, tokens } = await ask(prompt);
 *     grant.update({ tokens });
 *     return text;
 *   }
 * }
 */
export class Worker<C = unknown> {
  /** Index, id, mode and pool of this worker; outside a pool (in a unit test, say) that of a lone one. */
  readonly worker: WorkerIdentity = hostState.constructing?.identity ?? ALONE;
  /** Those of the pool, shared by all its workers; without limits when it has none. */
  readonly limits: Limits<C> = (hostState.constructing?.limits ?? unlimited()) as Limits<C>;
}

const ALONE: WorkerIdentity = { index: 0, id: "alone", mode: "sync", pool: "none" };

/** That class in each copy of the library which this thread has loaded. */
const bases = processWide("worker-bases", () => new Set<unknown>());
bases.add(Worker);

/** Whether it is the class `Worker` itself, of this copy of the library or another. */
export function isWorkerBase(value: unknown): boolean {
  return bases.has(value);
}
