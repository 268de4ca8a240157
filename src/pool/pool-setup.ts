import type { LimitSource } from "../limits/limit-source.js";
import type { Host, HostEvents } from "../modes/executor.js";
import type { WorkerIdentity } from "../wire/protocol.js";
import type { MethodInfo, MethodPlan } from "./method-plan.js";
import type { ResolvedOptions } from "./options.js";
import type { PoolLimits } from "./pool-limits.js";

/** What a pool is made from. */
export interface PoolSetup {
  /** The name of the worker class. */
  readonly name: string;
  /** Unique within the program. */
  readonly id: string;
  readonly methods: readonly MethodInfo[];
  readonly options: ResolvedOptions;
  readonly limits: PoolLimits;
  /** What is done around the calls of each method, by its index; `undefined` when that is nothing for all of them. */
  readonly plans: readonly (MethodPlan | undefined)[] | undefined;
  /** Makes a host of the executor for a worker of this pool. */
  createHost(identity: WorkerIdentity, events: HostEvents, limits: LimitSource): Host;
}
