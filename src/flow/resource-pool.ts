/**
 * Lends out resources that are costly to make: connections, sessions, browsers.
 *
 * Owns who waits for a place, and the places: `max` permits, or one limit of a set. The stock owns the resources.
 *
 * P1. Who has a place has, or is getting, a resource; a place is given back when its resource is, and one whose resource
 *     is broken when that has ended.
 * P2. What is taken of limits is taken together with the place, all or nothing, and given back whole where no resource came.
 * P3. Nobody waits longer than its timeout, and after `stop` nobody at all.
 */
import { staysHome } from "../config/homebound.js";
import { show } from "../config/show.js";
import { checkFields } from "../config/check-fields.js";
import { duration } from "../config/duration.js";
import type { Clock } from "../config/monotonic.js";
import { PoolStoppedError, TimeoutError } from "../errors.js";
import type { Amounts, HeldGrant } from "../limits/grant.js";
import { currentCaller } from "../limits/holdings.js";
import type { Outcome } from "../limits/limit.js";
import type { Requester } from "../limits/limit-request.js";
import { currentScope } from "../scope/current-scope.js";
import { onGiveUp } from "../scope/give-up.js";
import { PermitQueue } from "../scope/permit-queue.js";
import { EqualTimeouts } from "./equal-timeouts.js";
import { reportFailure } from "./report-failure.js";
import { Borrower, type Desk } from "./resource-borrower.js";
import { HeldLease, type ResourceLease, type LeaseKeeper } from "./resource-lease.js";
import { checkLeaseOptions, type ResourceLeaseOptions } from "./resource-lease-options.js";
import { type ResolvedResourcePool, type ResourcePoolOptions, resolveResourcePool } from "./resource-pool-options.js";
import { type Member, ResourceStock } from "./resource-stock.js";
import { settleWithin } from "./settle-within.js";

/** What a resource pool is doing. */
export interface ResourcePoolStats {
  /** Resources in any state, those included that are being created or destroyed: never more than `max`. */
  readonly size: number;
  readonly idle: number;
  readonly leased: number;
  readonly creating: number;
  readonly destroying: number;
  /** Calls of `acquire` that wait, for a place or for a resource to be ready. */
  readonly waiting: number;
  /** Resources so far. */
  readonly created: number;
  readonly destroyed: number;
  /** Times that `create` failed, its retries included as one. */
  readonly failed: number;
}

/** How long leases may last after `stop`, in ms; as for pools of workers. */
const STOP_TIMEOUT = 30_000;

/**
 * A pool of resources that are made when needed, used by one at a time, and used again.
 *
 * First come, first served within a priority. The one used last is lent out first, so that those not needed grow idle and
 * end. Nobody waits for ever: `acquire` gives up after `acquireTimeout`, and an error of `create` goes to the one that waits
 * for that resource, at once. The pool's timers do not keep the program alive. `create`, `validate` and `destroy` run in
 * the asynchronous context in which the pool was made.
 *
 * @throws {TypeError | RangeError} for an option that is unknown or not valid
 * @example
 * await using pool = new ResourcePool({
 *   create: async () => { const client = new Client(url); await client.connect(); return client; },
 *   destroy: (client) => client.end(),
 *   max: 20,
 * });
 * await using connection = await pool.acquire({ timeout: 5000 });
 * const { rows } = await connection.value.query("select 1");
 */
export class ResourcePool<T> implements AsyncDisposable {
  readonly #options: ResolvedResourcePool<T>;
  readonly #stock: ResourceStock<T>;
  readonly #clock: Clock;
  /** The places, where no limit stands for them. */
  readonly #places: PermitQueue | undefined;
  readonly #waiting = new Set<Borrower<T>>();
  /** Of those that have no timeout of their own. */
  readonly #timeouts: EqualTimeouts | undefined;
  readonly #desk: Desk<T>;
  readonly #keeper: LeaseKeeper<Member<T>>;
  readonly #whenIdle: (() => void)[] = [];
  #isStopped = false;
  #stopping: Promise<void> | undefined;

  constructor(options: ResourcePoolOptions<T>) {
    this.#options = resolveResourcePool(options);
    const { acquireTimeout, clock, limits, max, subject } = this.#options;
    this.#clock = clock;
    if (acquireTimeout !== Number.POSITIVE_INFINITY) this.#timeouts = new EqualTimeouts(acquireTimeout, clock);
    this.#places = limits ? undefined : new PermitQueue(max, { describe: () => `Cannot acquire ${subject}`, clock });
    this.#stock = new ResourceStock(this.#options);
    this.#keeper = {
      key: limits?.key,
      putBack: (member, grant, outcome) => this.#putBack(member, grant, outcome),
      discard: (member, grant, error) => this.#discard(member, grant, error),
    };
    this.#desk = {
      seek: (taker) => {
        const member = this.#stock.lease();
        if (member) taker.supplied(member);
        else this.#stock.seek(taker);
      },
      lend: (member, grant) => this.#lend(member, grant),
      leavePlaces: (borrower) => this.#places?.leave(borrower),
      leaveStock: (taker) => this.#stock.leave(taker),
      undo: (grant) => this.#undo(grant),
      tooLate: (state, timeout) => this.#tooLate(state, timeout),
      ended: (borrower) => {
        this.#waiting.delete(borrower);
        this.#timeouts?.delete(borrower);
        this.#checkIdle();
      },
    };
  }

  /**
   * Waits for a resource of one's own.
   *
   * Rejects with the error of `create`, with a `TimeoutError`, with the reason of `signal`, with a `PoolStoppedError`, and
   * for amounts as `Limits.acquire` does. Who leaves has cost nothing: all that was taken
   * for it is given back. Code in a call of a pool, or in a task group, leaves also when that is cancelled.
   */
  acquire(options?: ResourceLeaseOptions): Promise<ResourceLease<T>> {
    const places = this.#places;
    if (options === undefined && places !== undefined && !this.#isStopped && places.take(1)) {
      // Most find one that is ready: no more than a promise and a lease is made for them.
      const member = this.#stock.lease();
      if (member) return Promise.resolve(this.#lend(member, undefined));
      places.giveBack(1);
    }
    try {
      if (options) checkLeaseOptions(options, this.#options.limits?.key);
      if (this.#isStopped) throw this.#stoppedError();
      return this.#borrow(options ?? {});
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /**
   * Runs a function with a resource, which goes back when what it returned has settled.
   *
   * An error that it throws, and that `isBroken` of the pool says yes to, means that the resource is broken: it is ended.
   * Rejects with that error, and as `acquire` does.
   */
  async use<R>(
    fn: (value: T, lease: ResourceLease<T>) => R | PromiseLike<R>,
    options?: ResourceLeaseOptions,
  ): Promise<R> {
    if (typeof fn !== "function") {
      throw new TypeError(`Cannot use as a function is needed: current value is ${show(fn)}`);
    }
    const lease = await this.acquire(options);
    try {
      return await fn(lease.value, lease);
    } catch (error) {
      if (this.#isBroken(error)) lease.discard(error);
      throw error;
    } finally {
      lease.release();
    }
  }

  /** Resolves when nobody waits and all leases are back. */
  drain(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /**
   * Refuses new calls of `acquire`, rejects those that wait with a `PoolStoppedError`, waits for leases for `timeout` ms
   * (default 30,000), and resolves when all resources are destroyed, those of leases that never came back included.
   *
   * @throws {TypeError | RangeError} for options that are not valid
   */
  stop(options: { readonly timeout?: number } = {}): Promise<void> {
    checkFields("stop", options, ["timeout"]);
    const timeout = duration("stop.timeout", options.timeout ?? STOP_TIMEOUT);
    return (this.#stopping ??= this.#stop(timeout));
  }

  stats(): ResourcePoolStats {
    return { ...this.#stock.stats, waiting: this.#waiting.size };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  get #isIdle(): boolean {
    return this.#waiting.size === 0 && this.#stock.leased === 0;
  }

  #isBroken(error: unknown): boolean {
    try {
      return this.#options.isBroken?.(error) === true;
    } catch (thrown) {
      reportFailure(this.#options, { error: thrown, during: "validate" });
      return true;
    }
  }

  #borrow({ timeout, signal, priority, key, amounts }: ResourceLeaseOptions): Promise<ResourceLease<T>> {
    const caller = currentCaller();
    const scope = currentScope()?.signal;
    caller?.signal.throwIfAborted();
    scope?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const places = this.#places;
      const borrower = new Borrower(this.#desk, places?.rankOf(priority) ?? 0, resolve, reject);
      this.#waiting.add(borrower);
      if (places) places.enqueue(borrower);
      else {
        const granted = (grant: HeldGrant<unknown>): void => borrower.granted(grant);
        const failed = (error: unknown): void => borrower.failed(error);
        const { id: owner, isHolder } = caller ?? {};
        this.#ask(borrower, amounts, { owner, isHolder, priority, key, granted, failed });
      }
      if (borrower.state === "over") return;
      if (timeout === undefined) this.#timeouts?.add(borrower);
      if (timeout === undefined && !signal && !caller && !scope) return;
      borrower.forget = onGiveUp(borrower, this.#clock, timeout, signal, caller?.signal, scope);
    });
  }

  /** Waits for what is needed of the limits, which are known to be there. */
  #ask(borrower: Borrower<T>, amounts: Amounts | undefined, requester: Requester<unknown>): void {
    const { source, key } = this.#options.limits!;
    try {
      borrower.request = source.enqueueFor({ ...amounts, [key]: 1 }, requester);
    } catch (error) {
      borrower.giveUp(error);
    }
  }

  #lend(member: Member<T>, grant: HeldGrant<unknown> | undefined): ResourceLease<T> {
    // Rates count it from now on: making the resource may have taken its time.
    grant?.began(this.#clock.now());
    const lease = new HeldLease<T, Member<T>>(this.#keeper, member, grant);
    member.lease = lease;
    return lease;
  }

  #putBack(member: Member<T>, grant: HeldGrant<unknown> | undefined, outcome: Outcome): void {
    member.lease = undefined;
    this.#freePlace(this.#stock.giveBack(member), grant, outcome);
  }

  #discard(member: Member<T>, grant: HeldGrant<unknown> | undefined, error: unknown): void {
    member.lease = undefined;
    this.#freePlace(this.#stock.discard(member, error), grant, "ignored");
  }

  /** P1 */
  #freePlace(end: Promise<void> | undefined, grant: HeldGrant<unknown> | undefined, outcome: Outcome): void {
    const free = (): void => (grant ? grant.release(outcome) : this.#places!.giveBack(1));
    if (end) void end.then(free);
    else free();
    this.#checkIdle();
  }

  /** P2 */
  #undo(grant: HeldGrant<unknown> | undefined): void {
    if (grant) grant.undo();
    else this.#places?.giveBack(1);
  }

  async #stop(timeout: number): Promise<void> {
    this.#isStopped = true;
    for (const borrower of this.#waiting) borrower.giveUp(this.#stoppedError());
    this.#stock.close(this.#stoppedError());
    const late = new TimeoutError(`Cannot keep a resource as the pool was stopped ${timeout} ms ago`, timeout);
    try {
      await settleWithin(
        timeout,
        this.#clock,
        () => this.#stock.whenEmpty(),
        () => late,
      );
    } catch {
      for (const lease of this.#stock.leases()) lease.discard(late);
      await this.#stock.whenEnded();
    }
  }

  #checkIdle(): void {
    if (this.#whenIdle.length > 0 && this.#isIdle) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #stoppedError(): PoolStoppedError {
    return new PoolStoppedError(`Cannot acquire ${this.#options.subject} as the pool is stopped`);
  }

  #tooLate(state: Borrower<T>["state"], timeout: number): TimeoutError {
    const { subject, max, limits } = this.#options;
    const { lastError } = this.#stock;
    const noPlace = limits ? "its limits left no room in time" : `all ${max} were in use`;
    const reason = state === "place" ? noPlace : "none could be made ready in time";
    const cause = lastError === undefined ? {} : { cause: lastError };
    return new TimeoutError(`Cannot acquire ${subject} within ${timeout} ms as ${reason}`, timeout, cause);
  }

  static {
    staysHome(this);
  }
}
