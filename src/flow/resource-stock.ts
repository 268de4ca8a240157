/**
 * The resources of a pool: makes, keeps, checks and ends them, and hands them to those who have a place.
 *
 * Owns every resource from its creation to its end, and the takers: those who have a right to a resource and wait for one
 * to be ready. Does not own places: the pool sees to it that takers and leases together are never more than `max`.
 *
 * A resource is one of: being created, idle, being checked, leased, being destroyed.
 *
 * K1. Never more than `max` of them, counting every state; only one that `create` or `destroy` gave no sign of within its
 *     timeout is not counted any more.
 * K2. For each taker a resource is being checked or created, or room for one will be made by one that is ending; none
 *     waits for a creation while a resource is idle.
 * K3. A failure of `create` goes to the taker that waits longest; where there is none it is reported, and tried again later.
 * K4. Every resource that was created is destroyed once; after `close` nothing is kept.
 */
import { AsyncResource } from "node:async_hooks";
import { TimeoutError } from "../errors.js";
import { backoffDelay } from "../retry/backoff.js";
import { type CreationSurroundings, createResource } from "./create-resource.js";
import type { ResourceLease } from "./resource-lease.js";
import { reportFailure } from "./report-failure.js";
import type { ResolvedResourcePool } from "./resource-pool-options.js";
import { settleWithin } from "./settle-within.js";
import { SoonestTimer } from "./soonest-timer.js";

/** A resource that exists. */
export interface Member<T> {
  readonly value: T;
  /** When it is too old. */
  readonly expiresAt: number;
  /** When it was last used. */
  usedAt: number;
  /** When it was last known to be good. */
  goodAt: number;
  /** Who has it. */
  lease: ResourceLease<T> | undefined;
}

/** Somebody who has a place, and waits for a resource to be ready. */
export interface Taker<T> {
  supplied(member: Member<T>): void;
  failed(error: unknown): void;
}

/** What a stock consists of, and what it did. */
export interface StockStats {
  readonly size: number;
  readonly idle: number;
  readonly leased: number;
  readonly creating: number;
  readonly destroying: number;
  readonly created: number;
  readonly destroyed: number;
  readonly failed: number;
}

/** The wait before something is made again that nobody waits for. */
const WARM_UP = { backoff: "exponential", wait: 100, maxWait: 10_000, jitter: 0.5 } as const;
/** The part of its life by which one may end earlier than another. */
const LIFETIME_SPREAD = 0.1;

export class ResourceStock<T> {
  readonly #options: ResolvedResourcePool<T>;
  readonly #takers = new Set<Taker<T>>();
  /** Those used longest ago first; the last is taken first, so that those that are not needed get old. */
  readonly #idle: Member<T>[] = [];
  /** In any state but being created. */
  readonly #members = new Set<Member<T>>();
  #leased = 0;
  #creating = 0;
  #checking = 0;
  #destroying = 0;
  #created = 0;
  #destroyed = 0;
  #failed = 0;
  /** How many times in a row `create` failed. */
  #failures = 0;
  /** Why the last attempt to create one failed; `undefined` when it did not. */
  #lastError: unknown;
  #forgetWarmUp: (() => void) | undefined;
  readonly #reaper: SoonestTimer;
  readonly #stopped = new AbortController();
  readonly #waiters = new Set<{ readonly isTrue: () => boolean; readonly resolve: () => void }>();
  readonly #surroundings: CreationSurroundings<T>;
  /** What a pool does is no part of what happened to run as it did it: not of a call, nor of a request that is traced. */
  readonly #context = new AsyncResource("manyhands.ResourcePool");

  constructor(options: ResolvedResourcePool<T>) {
    this.#options = options;
    this.#reaper = new SoonestTimer(options.clock, () => this.#reap());
    const late = (value: T): void => {
      this.#created += 1;
      void this.#end(value);
    };
    this.#surroundings = { stopped: this.#stopped.signal, late };
    // Not now: what it calls may refer to the pool, which is still being made.
    if (options.min > 0) queueMicrotask(() => this.#fill());
  }

  get stats(): StockStats {
    return {
      size: this.#members.size + this.#creating,
      idle: this.#idle.length,
      leased: this.#leased,
      creating: this.#creating,
      destroying: this.#destroying,
      created: this.#created,
      destroyed: this.#destroyed,
      failed: this.#failed,
    };
  }

  get leased(): number {
    return this.#leased;
  }

  get lastError(): unknown {
    return this.#lastError;
  }

  /** Leases one that needs no check, if there is one. */
  lease(): Member<T> | undefined {
    if (this.#takers.size > 0) return undefined;
    for (let member = this.#idle.pop(); member; member = this.#idle.pop()) {
      if (this.#isExpired(member)) {
        void this.#destroy(member);
      } else if (this.#needsCheck(member)) {
        this.#idle.push(member);
        return undefined;
      } else {
        this.#leased += 1;
        return member;
      }
    }
    return undefined;
  }

  /** Sees to it that the taker is supplied. */
  seek(taker: Taker<T>): void {
    this.#takers.add(taker);
    this.#fill();
  }

  /** The taker waits no more; what is under way for it will be for others. */
  leave(taker: Taker<T>): void {
    this.#takers.delete(taker);
  }

  /** Takes one back; the result is `undefined` when it is kept, else a promise of its end, which never rejects. */
  giveBack(member: Member<T>): Promise<void> | undefined {
    const { clock } = this.#options;
    this.#leased -= 1;
    member.usedAt = clock.now();
    member.goodAt = member.usedAt;
    if (this.#stopped.signal.aborted || member.expiresAt <= member.usedAt) return this.#destroy(member);
    this.#idle.push(member);
    if (this.#takers.size > 0) this.#fill();
    else this.#reapLater(member);
    return undefined;
  }

  /** Takes a broken one back, and ends it. */
  discard(member: Member<T>, reason: unknown): Promise<void> {
    this.#leased -= 1;
    return this.#destroy(member, reason);
  }

  /** Ends what is not in use, now, and what is, when it is back. There must not be any takers. */
  close(reason: unknown): void {
    this.#stopped.abort(reason);
    this.#forgetWarmUp?.();
    this.#reaper.stop();
    for (const member of this.#idle.splice(0)) void this.#destroy(member);
  }

  /** Those that are out. */
  leases(): ResourceLease<T>[] {
    return [...this.#members].flatMap(({ lease }) => lease ?? []);
  }

  /** Resolves when there is no resource any more, and none being created. */
  whenEmpty(): Promise<void> {
    return this.#when(() => this.#members.size + this.#creating === 0);
  }

  /** Resolves when there is no resource any more, whatever is still being created. */
  whenEnded(): Promise<void> {
    return this.#when(() => this.#members.size === 0);
  }

  /** K2 */
  #fill(): void {
    if (this.#stopped.signal.aborted) return;
    const { max, min } = this.#options;
    // What is there goes first, also where another is under way.
    while (this.#takers.size > this.#checking) {
      const member = this.#idle.pop();
      if (!member) break;
      if (this.#isExpired(member)) void this.#destroy(member);
      else if (this.#needsCheck(member)) void this.#check(member);
      else this.#supply(member);
    }
    while (this.#takers.size > this.#creating + this.#checking && this.#members.size + this.#creating < max) {
      void this.#create();
    }
    if (this.#forgetWarmUp) return;
    // One that is ending counts for `max`, but not as one that is ready.
    while (this.#members.size - this.#destroying + this.#creating < min && this.#members.size + this.#creating < max) {
      void this.#create();
    }
  }

  #supply(member: Member<T>): void {
    const [taker] = this.#takers as Iterable<Taker<T> | undefined>;
    if (!taker) {
      this.#idle.push(member);
      this.#reapLater(member);
      return;
    }
    this.#takers.delete(taker);
    this.#leased += 1;
    taker.supplied(member);
  }

  async #create(): Promise<void> {
    const { clock, maxLifetime } = this.#options;
    this.#creating += 1;
    let value: T;
    try {
      value = await this.#inContext(() => createResource(this.#options, this.#surroundings));
    } catch (error) {
      this.#creating -= 1;
      this.#createFailed(error);
      return this.#settled();
    }
    this.#creating -= 1;
    this.#created += 1;
    this.#failures = 0;
    this.#lastError = undefined;
    const now = clock.now();
    const expiresAt = now + maxLifetime * (1 - LIFETIME_SPREAD * Math.random());
    const member = { value, expiresAt, usedAt: now, goodAt: now, lease: undefined };
    this.#members.add(member);
    if (this.#stopped.signal.aborted) void this.#destroy(member);
    else this.#supply(member);
    this.#settled();
  }

  /** K3 */
  #createFailed(error: unknown): void {
    this.#failed += 1;
    this.#failures += 1;
    this.#lastError = error;
    const [taker] = this.#takers as Iterable<Taker<T> | undefined>;
    if (taker) {
      this.#takers.delete(taker);
      taker.failed(error);
    } else if (!this.#stopped.signal.aborted) {
      reportFailure(this.#options, { error, during: "create" }, this.#failures > 1);
    }
    if (this.#options.min === 0 || this.#stopped.signal.aborted || this.#forgetWarmUp) return;
    const context = { error, attempt: this.#failures, elapsed: 0, method: "create", args: [] };
    const delay = backoffDelay(WARM_UP, this.#failures, Math.random, context);
    const tryAgain = (): void => {
      this.#forgetWarmUp = undefined;
      this.#fill();
    };
    this.#forgetWarmUp = this.#options.clock.after(delay, tryAgain, true);
  }

  async #check(member: Member<T>): Promise<void> {
    const { validate, validateTimeout, clock, subject } = this.#options;
    this.#checking += 1;
    let isGood = false;
    try {
      const tooLate = (): Error =>
        new TimeoutError(`Cannot validate ${subject} within ${validateTimeout} ms`, validateTimeout);
      isGood = await this.#inContext(() =>
        settleWithin(validateTimeout, clock, () => validate!(member.value), tooLate),
      );
    } catch (error) {
      reportFailure(this.#options, { error, during: "validate" });
    }
    this.#checking -= 1;
    if (!isGood || this.#stopped.signal.aborted) void this.#destroy(member);
    else {
      member.goodAt = clock.now();
      this.#supply(member);
    }
    this.#settled();
  }

  /** Ends one that is neither idle nor leased any more. Never rejects. */
  async #destroy(member: Member<T>, reason?: unknown): Promise<void> {
    this.#destroying += 1;
    await this.#end(member.value, reason);
    this.#destroying -= 1;
    this.#members.delete(member);
    this.#settled();
  }

  async #end(value: T, reason?: unknown): Promise<void> {
    const { destroy, destroyTimeout, clock, subject } = this.#options;
    try {
      const tooLate = (): Error =>
        new TimeoutError(`Cannot destroy ${subject} within ${destroyTimeout} ms`, destroyTimeout);
      await this.#inContext(() => settleWithin(destroyTimeout, clock, () => destroy(value, reason), tooLate));
    } catch (error) {
      reportFailure(this.#options, { error, during: "destroy" });
    }
    this.#destroyed += 1;
  }

  /** Something that was under way is over: there may be room for another, or nothing left at all. */
  #settled(): void {
    this.#fill();
    for (const waiter of this.#waiters) {
      if (!waiter.isTrue()) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  #when(isTrue: () => boolean): Promise<void> {
    if (isTrue()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.add({ isTrue, resolve }));
  }

  #isExpired(member: Member<T>): boolean {
    return member.expiresAt !== Number.POSITIVE_INFINITY && member.expiresAt <= this.#options.clock.now();
  }

  #needsCheck(member: Member<T>): boolean {
    const { validate, validateAfter, clock } = this.#options;
    return validate !== undefined && (validateAfter === 0 || clock.now() - member.goodAt >= validateAfter);
  }

  /** Until when an idle one may stay, where it can go without there being too few. */
  #dueAt(member: Member<T>): number {
    const mayGo = this.#members.size - this.#destroying > this.#options.min;
    return mayGo ? Math.min(member.usedAt + this.#options.idleTimeout, member.expiresAt) : member.expiresAt;
  }

  #reapLater(member: Member<T>): void {
    const dueAt = this.#dueAt(member);
    if (dueAt !== Number.POSITIVE_INFINITY && !this.#stopped.signal.aborted) this.#reaper.ringAt(dueAt);
  }

  #reap(): void {
    const now = this.#options.clock.now();
    for (let index = 0; index < this.#idle.length;) {
      const member = this.#idle[index]!;
      if (this.#dueAt(member) > now) {
        index += 1;
        continue;
      }
      this.#idle.splice(index, 1);
      void this.#destroy(member);
    }
    for (const member of this.#idle) this.#reapLater(member);
    this.#fill();
  }

  #inContext<R>(fn: () => R): R {
    return this.#context.runInAsyncScope(fn);
  }
}
