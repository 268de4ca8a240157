import { staysHome } from "../config/homebound.js";
import { show } from "../config/show.js";
import { duration } from "../config/duration.js";
import { oneOf } from "../config/one-of.js";
import { type HeadersLike, readHeaders, type ServerAdvice } from "./headers/read-headers.js";
import { addHolding, deleteHolding, type HeldLimit } from "./holdings.js";
import { OUTCOMES, type Outcome } from "./limit.js";
import { keepShape } from "../config/keep-shape.js";

/** Amounts by key, in the units of the limits. */
export type Amounts = Readonly<Record<string, number>>;

/**
 * What `acquire` returns: the right to go on, and what was taken for it.
 *
 * Held until it is released; `using` and `await using` release it at the end of the block. What rates have counted stays
 * counted; connections and other resources are given back.
 */
export interface Grant<C = unknown> extends Disposable, AsyncDisposable {
  /** What was taken, as corrected by `update`. */
  readonly amounts: Amounts;
  /** The `config` of the set it was taken from. */
  readonly config: C;
  readonly isReleased: boolean;
  /**
   * Says what was really used. Less is given back at once, to whoever waits; more is charged, and later requests wait for
   * it. A grant that is never updated keeps its estimate.
   *
   * @throws {TypeError} for a key that the grant did not take, or a usage that is no object
   * @throws {RangeError} for an amount that is not a finite number from 0 on
   */
  update(usage: Amounts): void;
  /**
   * Gives back what can be given back; a second time does nothing.
   *
   * @param outcome - for an `AdaptiveLimit`: `"success"` (default), `"dropped"` when the other side could not take it, such
   *   as a 429 or a timeout, `"ignored"` when it says nothing about that
   * @throws {TypeError} for an outcome that there is not
   */
  release(outcome?: Outcome): void;
  /**
   * Lets the set that it was taken from grant nothing for `ms` ms, as `Limits.pause` does with all: of several accounts the
   * others go on. Also after release.
   *
   * @throws {RangeError} for what is no duration
   */
  pause(ms: number): void;
  /** Tells the set that it was taken from, and no other, what a response says of its limits; see `Limits.learn`. Also after release. */
  learn(headers: HeadersLike): void;
}

/** How a request waits, where it must. */
export interface AcquireOptions {
  /** How long to wait at most, in ms. Default: for ever. */
  readonly timeout?: number;
  /** Leaves the queue at once when it fires, at no cost; rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Goes before requests of a lower one with the same key. Default: 0. */
  readonly priority?: number;
  /** Requests of different keys (users, tenants) are served in turn. Default: one key for all that name none. */
  readonly key?: string;
}

/** What code that keeps to limits needs of them, wherever it runs: `this.limits` of a worker, a `LimitSet`, a `LimitPool`. */
export interface Limits<C = unknown> {
  /**
   * Takes from all limits at once, waiting as long as one of them has too little; holds nothing meanwhile.
   *
   * Calls, resources and concurrency default to 1; the amount of a rate must be given. First come, first served, but a
   * request that is blocked is overtaken by at most 16 others that fit.
   *
   * Rejects with a `TypeError` for an amount that is missing or unknown, with a `RangeError` for one above the capacity,
   * with a `LimitDeadlockError` when the call that asks holds what it waits for, with a `TimeoutError`, or with the reason
   * of `signal`.
   */
  acquire(amounts?: Amounts, options?: AcquireOptions): Promise<Grant<C>>;
  /** Takes from all limits at once if that is possible without waiting. */
  tryAcquire(amounts?: Amounts): Promise<Grant<C> | undefined>;
  /** Grants nothing for `ms` ms, then begins again gently. The longest of several pauses holds. */
  pause(ms: number): void;
  /** Reads what a response says of the server's limits: pauses for `Retry-After`, and takes what remains as a cap. A time of more than a day counts as one, of more than 31 as none. */
  learn(headers: HeadersLike): void;
}

/** What a grant asks of whoever gave it. */
export interface GrantKeeper {
  /** The limits it was taken from. */
  readonly held: readonly HeldLimit[];
  /** What was taken is changed by these differences, one for each limit; of a released grant, for rates only. */
  settle(grant: HeldGrant<unknown>, differences: readonly number[]): void;
  giveBack(grant: HeldGrant<unknown>, outcome: Outcome): void;
  /** Grants nothing of its set for so many ms, which are checked. */
  pause(ms: number): void;
  /** Its set does what was read from a response. */
  heed(advice: ServerAdvice): void;
  /** What the grant was for began at this time, or before. */
  began?(grant: HeldGrant<unknown>, at: number): void;
}

/** A grant over a row of amounts, one for each limit of its set. */
export class HeldGrant<C> implements Grant<C> {
  readonly keeper: GrantKeeper;
  readonly takenAt: number;
  readonly config: C;
  /** The call that holds it, where one does. */
  readonly #owner: string | undefined;
  taken: readonly number[];
  isReleased = false;

  constructor(keeper: GrantKeeper, taken: readonly number[], takenAt: number, config: C, owner: string | undefined) {
    this.keeper = keeper;
    this.taken = taken;
    this.takenAt = takenAt;
    this.config = config;
    this.#owner = owner;
    if (owner !== undefined) addHolding(owner, this);
  }

  /**
   * A promise of it.
   *
   * A method, as V8 then knows the hidden class of what the promise is resolved with, and need not look for a `then`: that is
   * a quarter of what a free one costs.
   */
  promised(): Promise<this> {
    return Promise.resolve(this);
  }

  /** What it was for began at this time of the machine's clock, or before: rates count it from then on. */
  began(at: number): void {
    this.keeper.began?.(this as HeldGrant<unknown>, at);
  }

  /** As if it had never been granted: nobody was there any more to take it. */
  undo(): void {
    this.update(Object.fromEntries(this.keeper.held.map(({ key }) => [key, 0])));
    this.release("ignored");
  }

  get amounts(): Amounts {
    return Object.fromEntries(this.keeper.held.map(({ key }, index) => [key, this.taken[index]!]));
  }

  update(usage: Amounts): void {
    const { held } = this.keeper;
    // A promise has no keys of its own: an asynchronous function would pass for one that corrects nothing.
    if (typeof usage !== "object" || usage === null || usage instanceof Promise) {
      throw new TypeError(`Cannot update a grant as the usage must be an object: current value is ${show(usage)}`);
    }
    for (const key of Object.keys(usage)) checkUsage(key, usage[key]!, held);
    const before = this.taken;
    const taken: number[] = [];
    const differences: number[] = [];
    for (let index = 0; index < held.length; index += 1) {
      const { key } = held[index]!;
      const amount = Object.hasOwn(usage, key) ? usage[key]! : before[index]!;
      taken.push(amount);
      differences.push(amount - before[index]!);
    }
    this.taken = taken;
    this.keeper.settle(this as HeldGrant<unknown>, differences);
  }

  release(outcome: Outcome = "success"): void {
    if (outcome !== "success") oneOf("outcome", outcome, OUTCOMES);
    if (this.isReleased) return;
    this.isReleased = true;
    if (this.#owner !== undefined) deleteHolding(this.#owner, this);
    this.keeper.giveBack(this as HeldGrant<unknown>, outcome);
  }

  pause(ms: number): void {
    this.keeper.pause(duration("pause", ms));
  }

  learn(headers: HeadersLike): void {
    this.keeper.heed(readHeaders(headers, Date.now()));
  }

  [Symbol.dispose](): void {
    this.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }

  static {
    staysHome(this);
  }
}

function checkUsage(key: string, amount: number, held: readonly HeldLimit[]): void {
  // A set without limits takes any request, so that code that asks for limits runs without them too.
  if (held.length > 0 && !held.some((limit) => limit.key === key)) {
    throw new TypeError(
      `Cannot update '${key}' as the grant has no such limit: it has ${held.map((limit) => `'${limit.key}'`).join(", ")}`,
    );
  }
  if (!Number.isFinite(amount) || amount < 0) {
    throw new RangeError(
      `Cannot update '${key}' as it must be a finite number from 0 on: current value is ${show(amount)}`,
    );
  }
}

const nothing = (): void => {};
const keeper: GrantKeeper = { held: [], settle: nothing, giveBack: nothing, pause: nothing, heed: nothing };
keepShape(new HeldGrant(keeper, [], 0, undefined, undefined));
