/**
 * Several limits that are taken together, and those who wait for them.
 *
 * Owns the queue, the pause, and the timer that wakes it. The limits own their numbers, and may be shared with other sets
 * and, through shared memory, with other threads.
 *
 * Q1. All or nothing: check all, then take all, without a step between; nothing is held while waiting.
 * Q2. In turn between keys, in order of rank within one; the one whose turn it is and that is blocked has a claim on its
 *     limits until it is served or leaves, and is overtaken by at most 16 later ones, of any set.
 * Q3. What holds something already goes before all that hold nothing: they may be waiting for it.
 * Q4. One that leaves costs nothing. Whatever may have made room for another serves the queue at once.
 */
import { staysHome } from "../config/homebound.js";
import { machineClock, type Clock } from "../config/monotonic.js";
import { checkFields } from "../config/check-fields.js";
import { duration } from "../config/duration.js";
import { FairRoom } from "../waiting/fair-room.js";
import { type AcquireOptions, type Amounts, type Grant, type GrantKeeper, HeldGrant } from "./grant.js";
import { type HeadersLike, readHeaders, type ServerAdvice } from "./headers/read-headers.js";
import { Claims } from "./claims.js";
import { CoreRow } from "./core-row.js";
import { checkLimits } from "./check-limits.js";
import { checkWait, enqueueIn, type Queue, waitFor, type Waiting } from "./acquire.js";
import { type Caller, checkHolder, currentCaller } from "./holdings.js";
import { CORE, type Limit, type LimitCore, type LimitStats, onSizes, type Outcome, tellWatchers } from "./limit.js";
import { LateStarts } from "./late-starts.js";
import type { LimitSource } from "./limit-source.js";
import { issueTicket, type IssuedTicket } from "./remote/ticket.js";
import { needOf } from "./need.js";
import { Recovery } from "./recovery.js";
import { capRates } from "./server-caps.js";
import { refusals } from "./refusals.js";
import { ThreadClosure } from "./thread-closure.js";
import { LimitRequest, type Requester } from "./limit-request.js";
import { keepShape } from "../config/keep-shape.js";

/** Options of a {@link LimitSet}. */
export interface LimitSetOptions<C> {
  /** What every grant of this set carries, such as a key or a region; plain data where workers are to see it. */
  readonly config?: C;
  /** Default: the monotonic clock of the machine. For tests. */
  readonly clock?: Clock;
}

/** What a set is doing. */
export interface LimitSetStats {
  readonly limits: readonly LimitStats[];
  /** Requests that wait. */
  readonly waiting: number;
  /** Grants so far, but for those that threads took by themselves. */
  readonly granted: number;
  /** For how long nothing is granted, in ms; 0 when it is not paused. */
  readonly pausedFor: number;
}

/** Requests that are looked at in one go: what is behind them waits for a later one. */
const LOOKAHEAD = 64;

const NONE: LimitCore[] = [];

const OWN_ROW = 0;
/** Which of the two rooms, as claims number them. */
const OTHERS = 1;

/**
 * Limits that are taken together, all or nothing.
 *
 * @throws {TypeError} when one of the limits is none, or there twice, and for an option that there is not
 * @example
 * const limits = new LimitSet([
 *   new CallLimit({ capacity: 500, window: 60_000 }),
 *   new RateLimit({ key: "tokens", capacity: 90_000, window: 60_000 }),
 *   new ResourceLimit({ key: "connections", capacity: 20 }),
 * ]);
 * await using grant = await limits.acquire({ tokens: 1200 });
 */
export class LimitSet<C = undefined> implements LimitSource<C>, Queue<C>, GrantKeeper {
  readonly limits: readonly Limit[];
  readonly config: C;
  readonly keys: readonly string[];
  readonly #cores: readonly LimitCore[];
  readonly #row: CoreRow;
  readonly clock: Clock;
  readonly #holders = new FairRoom<LimitRequest>();
  readonly #others = new FairRoom<LimitRequest>();
  readonly #recovery = new Recovery();
  readonly #closure: ThreadClosure;
  readonly #lateStarts: LateStarts | undefined;
  /** What a request without amounts takes; `undefined` where one must say. */
  readonly #usual: readonly number[] | undefined;
  readonly #claims: Claims;
  /** Whether the time of a take matters, or that of its end: reading the clock costs as much as the rest. */
  readonly #isTakeTimed: boolean;
  readonly #isEndTimed: boolean;
  readonly #givesBack: boolean;
  /** No request in the queue needs less: where not even that is there, nobody can be served. */
  readonly #least: number[];
  /** The most that may be asked for of each limit, as the requests in the queue were checked against. */
  #largest: readonly number[] = [];
  #waiting = 0;
  #granted = 0;
  #isServing = false;
  #isServingAgain = false;
  #forgetTimer: (() => void) | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;
  readonly #serve = (): void => this.serve();
  readonly #leave = (request: LimitRequest): void => {
    this.#remove(request);
    this.serve();
  };
  /** A capacity has changed: who waits in vain is told so. The others are served as its watchers. */
  readonly #resized = (): void => {
    const before = this.#largest;
    this.#largest = this.#cores.map(({ largest }) => largest);
    // Only where there is less than before: a queue of a million is not gone through for more.
    if (!this.#largest.some((largest, index) => largest < before[index]!)) return;
    const refused = refusals([...this.#holders.all(), ...this.#others.all()], this.#cores);
    for (const { request } of refused) this.#remove(request);
    for (const { request, error } of refused) request.requester.failed?.(error);
    if (refused.length > 0) this.serve();
  };

  constructor(limits: readonly Limit[], options: LimitSetOptions<C> = {}) {
    checkLimits(limits);
    checkFields("LimitSet", options, ["config", "clock"]);
    this.limits = [...limits];
    this.config = options.config as C;
    this.clock = options.clock ?? machineClock;
    this.#cores = limits.map((limit) => limit[CORE]);
    if (options.clock) for (const core of this.#cores) core.clock = options.clock;
    this.#row = new CoreRow(this.#cores);
    this.#closure = new ThreadClosure(this.#row.memories, this.clock);
    this.keys = this.#cores.map(({ key }) => key);
    this.#isTakeTimed = this.#cores.some(({ kind }) => kind !== "resource");
    this.#isEndTimed = this.#cores.some(({ kind }) => kind === "adaptive");
    this.#givesBack = this.#cores.some(({ kind }) => kind !== "rate");
    this.#least = this.#cores.map(() => 0);
    const hasRates = this.#cores.some(({ fallback }) => fallback === undefined);
    this.#usual = hasRates ? undefined : needOf(this.#cores, undefined);
    this.#lateStarts = LateStarts.of(this.#cores, this.clock);
    this.#claims = new Claims(this.#cores, this.#serve);
  }

  get cores(): readonly LimitCore[] {
    return this.#cores;
  }

  get held(): readonly LimitCore[] {
    return this.#cores;
  }

  acquire(amounts?: Amounts, options?: AcquireOptions): Promise<Grant<C>> {
    return this.acquireFor(currentCaller(), amounts, options);
  }

  tryAcquire(amounts?: Amounts): Promise<Grant<C> | undefined> {
    return this.tryAcquireFor(currentCaller(), amounts);
  }

  pause(ms: number): void {
    duration("pause", ms);
    const now = this.clock.now();
    if (!this.#recovery.pause(now, ms)) return;
    this.#closure.closeUntil(this.#recovery.pausedUntil);
    this.serve();
  }

  learn(headers: HeadersLike): void {
    this.heed(readHeaders(headers, Date.now()));
  }

  heed({ retryAfter, budgets }: ServerAdvice): void {
    capRates(this.#cores, budgets, this.clock.now());
    if (retryAfter !== undefined && retryAfter > 0) this.pause(retryAfter);
    // What is left may be more than a waiting timer thinks, never less: it looks again by itself.
  }

  stats(): LimitSetStats {
    const now = this.clock.now();
    return {
      limits: this.#cores.map((core) => core.stats(now)),
      waiting: this.#waiting,
      granted: this.#granted,
      pausedFor: this.#recovery.pausedFor(now),
    };
  }

  // What pools, limit pools and workers elsewhere ask.

  get isUnlimited(): boolean {
    return this.#cores.length === 0 && this.config === undefined;
  }

  /** Limits as one worker of a pool has them: each begins elsewhere, where there is more than one set. */
  at(_index: number): this {
    return this;
  }

  acquireFor(caller: Caller | undefined, amounts?: Amounts, options?: AcquireOptions): Promise<Grant<C>> {
    try {
      const need = this.needOf(amounts);
      if (options !== undefined) checkWait(options);
      options?.signal?.throwIfAborted();
      const grant = this.take(need, caller);
      return grant ? grant.promised() : waitFor([{ set: this, need }], caller, options);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  async tryAcquireFor(caller: Caller | undefined, amounts?: Amounts): Promise<HeldGrant<C> | undefined> {
    return this.take(this.needOf(amounts), caller);
  }

  enqueueFor(amounts: Amounts | undefined, requester: Requester<C>): Waiting {
    return enqueueIn([{ set: this, need: this.needOf(amounts) }], requester);
  }

  indexOf(): number {
    return 0;
  }

  setAt(): this {
    return this;
  }

  onResize(listener: (set: number, limit: number, largest: number) => void): () => void {
    return onSizes(this.#cores, (index, largest) => listener(0, index, largest));
  }

  poke(): void {
    for (const core of this.#cores) for (const watcher of core.watchers) watcher();
  }

  issue(isThread: boolean): IssuedTicket {
    return issueTicket([this], "round-robin", 0, isThread);
  }

  reports(): LimitSetStats[] {
    return [this.stats()];
  }

  /** The row of amounts of a request; see {@link needOf}. */
  needOf(amounts: Amounts | undefined): readonly number[] {
    return amounts === undefined && this.#usual ? this.#usual : needOf(this.#cores, amounts);
  }

  /** Takes what is needed if that is possible now and nobody else has a right to go first. */
  take(need: readonly number[], caller: Pick<Caller, "id" | "isHolder"> | undefined): HeldGrant<C> | undefined {
    const isHolder = caller !== undefined && checkHolder(caller, this.#cores, need);
    if (!isHolder && this.#waiting > 0) return undefined;
    if (this.#recovery.isOn && !this.#recovery.mayGrant(this.clock.now())) return undefined;
    const takenAt = this.#row.isBusy ? this.#takeOvertaking(need, isHolder) : this.#takeLocked(need);
    return takenAt === undefined ? undefined : this.#grant(need, takenAt, caller?.id);
  }

  /** Puts a request in the queue; `requester` is told when it is granted. */
  enqueue(need: readonly number[], requester: Requester<C>): LimitRequest {
    const { owner: id, isHolder: holds = false } = requester;
    const isHolder = id !== undefined && checkHolder({ id, isHolder: holds }, this.#cores, need);
    const now = this.clock.now();
    const request = new LimitRequest(need, requester as Requester<unknown>, isHolder, now, this.#leave);
    const isFirst = this.#waiting === 0;
    for (let index = 0; index < need.length; index += 1) {
      this.#least[index] = isFirst ? need[index]! : Math.min(this.#least[index]!, need[index]!);
    }
    (isHolder ? this.#holders : this.#others).add(request);
    this.#waiting += 1;
    if (isFirst) this.#watch();
    this.#row.countWaiting(need, 1);
    const wait = isFirst || isHolder || this.#isServing || this.#recovery.isOn ? 0 : this.#row.waitFor(need, now);
    // One that cannot be served changes nothing for those before it: the queue of a million is not gone through.
    if (wait === 0) this.serve();
    else if (now + wait < this.#wakesAt && requester.isReady?.() !== false) this.#wakeAfter(wait, now);
    return request;
  }

  began(grant: HeldGrant<unknown>, at: number): void {
    this.#lateStarts?.began(grant.takenAt, at, grant.taken);
  }

  /** Gives to those that wait what there is. */
  serve(): void {
    // A grant may lead to another request, or a release, within itself: the loop that runs already sees to it.
    if (this.#isServing) {
      this.#isServingAgain = true;
      return;
    }
    this.#isServing = true;
    try {
      do {
        this.#isServingAgain = false;
        this.#serveAll();
      } while (this.#isServingAgain);
    } finally {
      this.#isServing = false;
    }
  }

  settle(grant: HeldGrant<unknown>, differences: readonly number[]): void {
    this.#change((core, index, now) => {
      if (differences[index] === 0 || (grant.isReleased && core.kind !== "rate")) return false;
      return core.settle(now, grant.takenAt, differences[index]!, OWN_ROW);
    });
  }

  giveBack(grant: HeldGrant<unknown>, outcome: Outcome): void {
    if (!this.#givesBack) return;
    const now = this.#isEndTimed ? this.clock.now() : 0;
    this.#row.giveBack(grant.taken, now, grant.takenAt, OWN_ROW, outcome);
  }

  #serveAll(): void {
    for (;;) {
      const now = this.clock.now();
      const pausedFor = this.#recovery.waitFor(now);
      if (pausedFor > 0) {
        this.#wakeAfter(this.#waiting === 0 ? Number.POSITIVE_INFINITY : pausedFor, now);
        return;
      }
      if (!this.#serveNext(now)) return;
    }
  }

  /**
   * Serves the request whose turn it is, if it can be; `undefined` where more must be looked at, which is seldom: if it is
   * blocked, by what everybody needs.
   */
  #serveFirst(now: number): boolean | undefined {
    if (!this.#holders.isEmpty) return undefined;
    const request = this.#others.peek();
    if (!request || request.requester.isReady?.() === false) return undefined;
    const { need, order } = request;
    if (!this.#claims.mayOvertake(need, order)) return undefined;
    const takenAt = this.#takeAll(need);
    if (takenAt !== undefined) {
      this.#served(request, this.#others, takenAt);
      return true;
    }
    const waitForAny = this.#row.waitFor(this.#least, now);
    if (waitForAny === 0) return undefined;
    this.#claims.offer(request, OTHERS);
    this.#wakeAfter(waitForAny, now);
    return false;
  }

  #served(request: LimitRequest, room: FairRoom<LimitRequest>, takenAt: number): void {
    const { requester, need } = request;
    this.#claims.overtake(need, request.order);
    room.serve(request);
    this.#forget(request);
    requester.granted(this.#grant(need, takenAt, requester.owner));
  }

  /** Takes for the next request that can be served, and grants it; else sees to being woken. */
  #serveNext(now: number): boolean {
    const isFirstServed = this.#serveFirst(now);
    if (isFirstServed !== undefined) return isFirstServed;
    let looked = 0;
    let soonest = Number.POSITIVE_INFINITY;
    /** What was just found missing: so is whatever needs as much, which in a long queue most do. */
    let missing: readonly number[] | undefined;
    for (const [index, room] of [this.#holders, this.#others].entries()) {
      let firstBlocked: LimitRequest | undefined;
      const due = this.#claims.due(index);
      for (const request of due ? startingWith(due, room.upcoming()) : room.upcoming()) {
        if (++looked > LOOKAHEAD) break;
        const { requester, need } = request;
        if (missing && isAtLeast(need, missing)) {
          if (!firstBlocked && requester.isReady?.() !== false) firstBlocked = request;
          continue;
        }
        if (requester.isReady?.() === false) {
          const wait = this.#row.waitFor(need, now);
          if (wait === 0) requester.isWanted?.();
          else {
            missing = need;
            soonest = Math.min(soonest, wait);
          }
          // A worker in this event loop is there as soon as it is wanted.
          if (wait > 0 || request.isOver || requester.isReady?.() === false) continue;
        }
        const isFirst = request.isHolder || this.#claims.mayOvertake(need, request.order);
        const takenAt = isFirst ? this.#takeAll(need) : undefined;
        if (takenAt !== undefined) {
          this.#served(request, room, takenAt);
          return true;
        }
        firstBlocked ??= request;
        const wait = this.#row.waitFor(need, now);
        if (wait > 0) missing = need;
        // One that is held back by a claim is told when that has gone.
        if (wait > 0 || isFirst) soonest = Math.min(soonest, wait);
        const waitForAny = firstBlocked === request ? this.#row.waitFor(this.#least, now) : 0;
        if (waitForAny === 0) continue;
        soonest = Math.min(soonest, waitForAny);
        break;
      }
      this.#claims.offer(firstBlocked, index);
    }
    this.#wakeAfter(soonest, now);
    return false;
  }

  #grant(need: readonly number[], takenAt: number, owner: string | undefined): HeldGrant<C> {
    this.#granted += 1;
    if (this.#recovery.isOn) this.#recovery.granted(takenAt);
    this.#lateStarts?.taken(takenAt, need);
    return new HeldGrant<C>(this, need, takenAt, this.config, owner);
  }

  /** As `#takeAll`, if no claim is in the way, or for one that goes before all claims. */
  #takeOvertaking(need: readonly number[], isHolder: boolean): number | undefined {
    const order = Number.POSITIVE_INFINITY;
    if (!isHolder && !this.#claims.mayOvertake(need, order)) return undefined;
    const takenAt = this.#takeAll(need);
    if (takenAt !== undefined) this.#claims.overtake(need, order);
    return takenAt;
  }

  /** Returns when it was taken; `undefined` when something is missing. */
  #takeAll(need: readonly number[]): number | undefined {
    this.#row.lock();
    const takenAt = this.#takeLocked(need);
    this.#row.unlock();
    return takenAt;
  }

  /** As `#takeAll`, where everything is locked, or not busy. */
  #takeLocked(need: readonly number[]): number | undefined {
    // Only now: this thread may have been kept waiting for the lock, or for a core.
    const now = this.#isTakeTimed || this.#recovery.isOn ? this.clock.now() : 0;
    this.#lateStarts?.catchUp(now);
    return this.#row.take(need, now, OWN_ROW) ? now : undefined;
  }

  #remove(request: LimitRequest): void {
    (request.isHolder ? this.#holders : this.#others).delete(request);
    this.#forget(request);
  }

  #forget(request: LimitRequest): void {
    request.isOver = true;
    this.#waiting -= 1;
    if (this.#waiting === 0) this.#watch();
    this.#row.countWaiting(request.need, -1);
    this.#claims.forget(request);
  }

  #change(change: (core: LimitCore, index: number, now: number) => boolean): void {
    this.#row.lock();
    const now = this.clock.now();
    let freed = NONE;
    for (let index = 0; index < this.#cores.length; index += 1) {
      const core = this.#cores[index]!;
      if (change(core, index, now)) (freed === NONE ? (freed = []) : freed).push(core);
    }
    this.#row.unlock();
    tellWatchers(freed);
  }

  /** A set watches limits, which may live longer, only while somebody waits. */
  #watch(): void {
    const isIdle = this.#waiting === 0;
    if (!isIdle) this.#largest = this.#cores.map(({ largest }) => largest);
    for (const { watchers, resized } of this.#cores) {
      if (isIdle) {
        watchers.delete(this.#serve);
        resized.delete(this.#resized);
      } else {
        watchers.add(this.#serve);
        resized.add(this.#resized);
      }
    }
  }

  #wakeAfter(ms: number, now: number): void {
    this.#forgetTimer?.();
    this.#wakesAt = now + ms;
    this.#forgetTimer = ms === Number.POSITIVE_INFINITY ? undefined : this.clock.after(ms, this.#serve);
  }

  static {
    staysHome(this, "limit");
  }
}

/** Who may be overtaken no more goes first wherever it stands: else nobody would go, where it is not among the next. */
function* startingWith<T>(first: T, others: Iterable<T>): Generator<T, void, undefined> {
  yield first;
  for (const other of others) if (other !== first) yield other;
}

function isAtLeast(need: readonly number[], other: readonly number[]): boolean {
  if (need === other) return true;
  for (let index = 0; index < need.length; index += 1) if (need[index]! < other[index]!) return false;
  return true;
}

keepShape(new LimitSet([]));
