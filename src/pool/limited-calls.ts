/**
 * Calls that wait for limits before they are given to a worker.
 *
 * They wait in the queues of the limits, with those of other pools, and take from the limits in the moment in which a
 * worker begins with them: a call that took earlier and then waited for a worker would start later than the limits
 * think, and many such calls at once.
 *
 * D1. While a call could take all it needs and only a worker is missing, no worker is handed anything ahead: the next that
 *     has nothing to do is this call's (`isOwed`).
 * D2. A call that only one worker may take waits for that worker, and for its limits; should its place go, it waits anew.
 */
import type { LimitSource } from "../limits/limit-source.js";
import type { HeldGrant } from "../limits/grant.js";
import type { Requester } from "../limits/limit-request.js";
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
  /** No worker is owed to anybody any more: calls may be handed ahead again (D1). */
  owesNone(): void;
}

type Cost = NonNullable<MethodPlan["cost"]>;

/** A call, as limits know it. */
class CallRequester implements Requester<unknown> {
  readonly owner: string;
  /** Made again it keeps its turn. */
  readonly since: number;
  readonly priority: number | undefined;
  /** Calls that can begin at the same time wait behind each other, and others behind nobody. */
  readonly key: string;
  /** Whether it was granted. */
  isOver = false;
  readonly #calls: LimitedCalls;
  readonly #call: Call;
  readonly #source: LimitSource;

  constructor(calls: LimitedCalls, call: Call, source: LimitSource, pool: string) {
    const { priority, key } = call.options;
    this.owner = call.id;
    this.since = call.submittedAt;
    this.priority = priority;
    this.key = `${pool}@${call.boundTo?.index ?? ""} ${key ?? ""}`;
    this.#calls = calls;
    this.#call = call;
    this.#source = source;
  }

  isReady(): boolean {
    return this.#calls.isReady(this.#call);
  }

  isWanted(): void {
    this.#calls.isWanted(this.#call, this.#source);
  }

  granted(grant: HeldGrant<unknown>): void {
    this.isOver = true;
    this.#calls.granted(this.#call, grant);
  }

  failed(error: unknown): void {
    this.#call.finish("failed", error);
  }
}

export class LimitedCalls {
  readonly #owner: LimitedOwner;
  readonly #limits: PoolLimits;
  readonly #roster: Roster;
  /** Calls that only a worker is missing for. */
  readonly #owed = new Map<Call, LimitSource>();
  /** Calls that any worker may take, the first that came first. */
  readonly #free = new Set<Call>();
  /** Calls that only one worker may take, with what it takes to let them wait anew, should that one go. */
  readonly #bound = new Map<Call, { readonly leave: () => void; readonly cost: Cost }>();
  /** The place that is going, while the calls bound to it leave their queues. */
  #going: number | undefined;

  constructor(owner: LimitedOwner, limits: PoolLimits, roster: Roster) {
    this.#owner = owner;
    this.#limits = limits;
    this.#roster = roster;
  }

  get isOwed(): boolean {
    return this.#owed.size > 0;
  }

  /** Whether any call waits for limits. */
  get hasWaiting(): boolean {
    return this.#free.size > 0 || this.#bound.size > 0;
  }

  /** Of those that any worker may take, the one that has waited longest. */
  oldest(): Call | undefined {
    return this.#free.values().next().value;
  }

  /** Calls that a worker is owed to, of one place where that is given: none can be started. */
  owed(index: number | undefined): Call[] {
    return [...this.#owed.keys()].filter(({ boundTo }) => index === undefined || boundTo?.index === index);
  }

  /** Lets the call wait until it has what `cost` says, and a worker. */
  add(call: Call, cost: Cost): void {
    try {
      const amounts = cost(...call.args);
      const source = this.#limitsFor(call);
      const request = new CallRequester(this, call, source, this.#owner.id);
      const waiting = source.enqueueFor(amounts, request);
      if (request.isOver) return;
      const leave = (): void => {
        this.#forget(call);
        waiting.leave();
      };
      // A worker was wanted for it, could not be started at once, and so it failed.
      if (call.place === "over") {
        leave();
        return;
      }
      this.#owner.setAside(call, leave);
      if (call.boundTo) this.#bound.set(call, { leave, cost });
      else this.#free.add(call);
    } catch (error) {
      call.finish("failed", error);
    }
  }

  granted(call: Call, grant: HeldGrant<unknown>): void {
    this.#forget(call);
    if (call.place === "over") {
      grant.release("ignored");
      return;
    }
    call.extras.grant = grant;
    this.#owner.begin(call);
  }

  isReady(call: Call): boolean {
    return !this.#isGoing(call) && this.#roster.canBegin(call);
  }

  isWanted(call: Call, source: LimitSource): void {
    if (this.#isGoing(call)) return;
    this.#owed.set(call, source);
    this.#roster.want(call);
  }

  /** A worker has nothing to do: the first call that is owed one takes it. */
  serve(): void {
    const sources = new Set(this.#owed.values());
    // Those that are still owed one say so again.
    this.#owed.clear();
    this.#owner.owesNone();
    for (const source of sources) source.serve();
  }

  /** The place is going: calls that could go nowhere else wait for another, or fail (D2). */
  reroute(index: number): void {
    const going = Array.from(this.#bound).filter(([call]) => call.boundTo?.index === index);
    // All leave before any waits anew: what one leaves is not granted to the next, which would then begin and wait at once.
    this.#going = index;
    for (const [, { leave }] of going) leave();
    this.#going = undefined;
    for (const [call, { cost }] of going) {
      // What another of them did as it began may have cancelled it.
      if (call.place === "over") continue;
      call.extras.boundTo = undefined;
      this.add(call, cost);
    }
  }

  #isGoing({ boundTo }: Call): boolean {
    return this.#going !== undefined && boundTo?.index === this.#going;
  }

  #forget(call: Call): void {
    if (this.#owed.delete(call) && this.#owed.size === 0) this.#owner.owesNone();
    this.#bound.delete(call);
    this.#free.delete(call);
  }

  /** One that only one worker may take is settled on it now; where each worker has limits of its own, any call is. */
  #limitsFor(call: Call): LimitSource {
    const { shared } = this.#limits;
    if (shared) {
      if (this.#roster.isBound(call)) this.#roster.bind(call);
      return shared;
    }
    this.#roster.bind(call);
    const { index } = call.boundTo!;
    // The limits are those of the place, and of whichever worker is in it.
    call.extras.boundTo = { index };
    return this.#limits.of(index);
  }
}
