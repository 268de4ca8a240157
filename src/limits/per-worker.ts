import { staysHome } from "../config/homebound.js";
import { LimitSet } from "./limit-set.js";
import type { Limit } from "./limit.js";

/** Limits of which each worker of a pool has its own. */
export class PerWorkerLimits {
  readonly #make: () => readonly Limit[];

  constructor(make: () => readonly Limit[]) {
    this.#make = make;
  }

  /** The set of one worker. */
  create(): LimitSet {
    return new LimitSet(this.#make());
  }

  static {
    staysHome(this, "limit");
  }
}

/**
 * Gives each worker of a pool limits of its own, in place of limits that all share.
 *
 * @param make - makes the limits of one worker; called once for each
 * @example
 * Client.options({ maxWorkers: 5, limits: perWorker(() => [new CallLimit({ capacity: 10, window: 1000 })]) });
 */
export function perWorker(make: () => readonly Limit[]): PerWorkerLimits {
  if (typeof make === "function") return new PerWorkerLimits(make);
  throw new TypeError(
    "Cannot make limits per worker as it takes a function that makes the limits of one, as in perWorker(() => [limit])",
  );
}
