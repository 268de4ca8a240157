/**
 * Calls that wait for limits before they are given to a worker.
 *
 * They wait in the queues of the limits, with those of other pools, and take from the limits in the moment in which a
 * worker begins with them: a call that took earlier and then waited for a worker would start later than the limits
 * think, and many such calls at once.
 *
 * D1. While a call could take all it needs and only a worker is missing, no worker is handed anything ahead: the next that
 *     has nothing to do is this call's (`isOwed`).
 * D2. A call that was passed over for want of a worker is looked at again whenever a worker has room, whether the limits
 *     had room for it or not.
 */
import type { LimitSource } from "../limits/limit-source.js";
import type { HeldGrant } from "../limits/grant.js";
import type { Call } from "./call.js";
import type { MethodPlan } from "./method-plan.js";
import type { PoolLimits } from "./pool-limits.js";
import type { Roster } from "./roster.js";

/** Who goes on with a call: the pool. */
export interface LimitedOwner {
  readonly id: string;
  /** Sets the call aside; `leave` stops its waiting. */
  setAside(call: Call, leave: () => void): void;
  /** The call has all it needs. */
  begin(call: Call): void;
}

export class LimitedCalls {
  readonly #owner: LimitedOwner;
  readonly #limits: PoolLimits;
  readonly #roster: Roster;
  /** Calls that only a worker is missing for. */
  readonly #owed = new Map<Call, LimitSource>();
  /** Limits that passed over a call as no worker was free: nobody else tells them when one is (D2). */
  readonly #passed = new Set<LimitSource>();

  constructor(owner: LimitedOwner, limits: PoolLimits, roster: Roster) {
    this.#owner = owner;
    this.#limits = limits;
    this.#roster = roster;
  }

  get isOwed(): boolean {
    return this.#owed.size > 0;
  }

  /** Whether any call may begin once a worker has room (D1, D2). */
  get isHeldUp(): boolean {
    return this.#owed.size > 0 || this.#passed.size > 0;
  }

  /** Lets the call wait until it has what `cost` says, and a worker. */
  add(call: Call, cost: NonNullable<MethodPlan["cost"]>): void {
    const owner = this.#owner;
    try {
      const amounts = cost(...call.args);
      const source = this.#limitsFor(call);
      let isWaiting = true;
      const granted = (grant: HeldGrant<unknown>): void => {
        isWaiting = false;
        this.#owed.delete(call);
        if (call.place === "over") {
          grant.release("ignored");
          return;
        }
        call.extras.grant = grant;
        owner.begin(call);
      };
      const { priority, key } = call.options;
      const waiting = source.enqueueFor(amounts, {
        owner: call.id,
        priority,
        // Calls that can begin at the same time wait behind each other, and others behind nobody.
        key: `${owner.id}@${call.boundTo?.index ?? ""} ${key ?? ""}`,
        isReady: () => {
          const canBegin = this.#roster.canBegin(call);
          if (!canBegin) this.#passed.add(source);
          return canBegin;
        },
        isWanted: () => {
          this.#owed.set(call, source);
          this.#roster.want(call);
        },
        granted,
        failed: (error) => call.finish("failed", error),
      });
      if (!isWaiting) return;
      owner.setAside(call, () => {
        this.#owed.delete(call);
        waiting.leave();
      });
    } catch (error) {
      call.finish("failed", error);
    }
  }

  /** A worker has room: the first call that is owed one takes it. */
  serve(): void {
    const sources = new Set([...this.#owed.values(), ...this.#passed]);
    // Those that still wait for one say so again.
    this.#owed.clear();
    this.#passed.clear();
    for (const source of sources) source.serve();
  }

  /** One that only one worker may take is settled on it now; where each worker has limits of its own, any call is. */
  #limitsFor(call: Call): LimitSource {
    const { shared } = this.#limits;
    if (!shared || this.#roster.isBound(call)) this.#roster.bind(call);
    return shared ?? this.#limits.of(call.boundTo!.index);
  }
}
