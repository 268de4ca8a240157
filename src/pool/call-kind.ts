import type { CallOwner, CallTraits } from "./call.js";
import type { MethodInfo, MethodPlan } from "./method-plan.js";
import type { CallOptions, ResolvedOptions } from "./options.js";

/** What a kind of call takes from its pool. */
type Defaults = Pick<ResolvedOptions, "timeout" | "ageing" | "loadBalancing">;

/**
 * What the calls of one method that are made in the same way have in common. A pool has one for each method, and so has
 * what `pool.with()` returns: a call itself keeps only what is its own, and what its kind does not have is not looked for.
 */
export class CallKind {
  readonly owner: CallOwner;
  readonly method: MethodInfo;
  readonly options: CallOptions;
  readonly traits: CallTraits;
  /** What is done around its calls, if anything. */
  readonly plan: MethodPlan | undefined;
  /** In ms. */
  readonly timeout: number | undefined;
  /** How much earlier than it was made a call ranks, for its priority, in ms. */
  readonly lead: number;
  /** Whether a call can end by its timeout or its signal. */
  readonly isWatched: boolean;
  /** Whether calls go to one certain worker: by their options, the balancer, or as they are made on one. */
  readonly isRouted: boolean;
  readonly isUrgent: boolean;
  /** Whether nothing is done around its calls, and any worker may take them. */
  readonly isPlain: boolean;
  /** Whether its calls have no future: each is given somebody who takes its outcome. */
  readonly isTaken: boolean;

  constructor(
    owner: CallOwner,
    method: MethodInfo,
    options: CallOptions,
    traits: CallTraits,
    plan: MethodPlan | undefined,
    defaults: Defaults,
    isTaken = false,
  ) {
    const { loadBalancing } = defaults;
    const isByKey = loadBalancing === "key" && options.key !== undefined;
    this.owner = owner;
    this.method = method;
    this.options = options;
    this.traits = traits;
    this.plan = plan;
    this.timeout = options.timeout ?? defaults.timeout;
    this.lead = (options.priority ?? 0) * defaults.ageing;
    this.isWatched = this.timeout !== undefined || options.signal !== undefined;
    this.isRouted = traits.target !== undefined || isByKey || typeof loadBalancing === "function";
    this.isUrgent = traits.isUrgent ?? false;
    this.isPlain = plan === undefined && !this.isWatched && !this.isRouted;
    this.isTaken = isTaken;
  }
}
