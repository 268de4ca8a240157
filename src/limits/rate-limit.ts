import { staysHome } from "../config/homebound.js";
import { checkFields } from "../config/check-fields.js";
import { type Clock, machineClock } from "../config/monotonic.js";
import {
  announceSize,
  CORE,
  checkFallback,
  checkKey,
  type Claim,
  type Limit,
  type LimitCore,
  type LimitStats,
  type LimitTicket,
} from "./limit.js";
import { LimitMemory } from "./limit-memory.js";
import { largestAmount, type Rate, type RateOptions, resolveRate } from "./rate.js";
import { type RateAlgorithm, rateAlgorithm } from "./rate-algorithm.js";
import { keepShape } from "../config/keep-shape.js";

/** Options of a {@link RateLimit}. */
export interface RateLimitOptions extends RateOptions {
  /** What the rate counts, as in `"tokens"`: requests name their amount by it. */
  readonly key: string;
}

const FIELDS: readonly string[] = ["key", "capacity", "window", "algorithm", "burst", "guard"];

/** Where in the memory stands until when the limit is closed, what may be taken in which window, and how all is kept. */
const CLOSED_UNTIL = 0;
const CAPACITY = 1;
const WINDOW = 2;
const FIRST = 3;

/** A rate as a limit: one of the five algorithms over a row of numbers. */
export class RateCore implements LimitCore {
  readonly kind = "rate";
  readonly key: string;
  readonly fallback: number | undefined;
  readonly memory: LimitMemory;
  readonly claims: Claim[] = [];
  readonly watchers = new Set<() => void>();
  readonly resized = new Set<() => void>();
  clock: Clock = machineClock;
  readonly #options: RateLimitOptions;
  /** As it was when it was last needed; see `#current`. */
  #rate: Rate;
  readonly #algorithm: RateAlgorithm;
  readonly #row: Float64Array;
  readonly postpone: LimitCore["postpone"];

  constructor(options: RateLimitOptions, fallback: number | undefined, buffer?: SharedArrayBuffer) {
    this.#options = options;
    this.key = checkKey(options.key);
    this.fallback = fallback;
    this.#rate = resolveRate(options);
    this.#algorithm = rateAlgorithm(options.algorithm ?? "sliding-window");
    this.memory = new LimitMemory(buffer ?? FIRST + this.#algorithm.size(this.#rate));
    this.#row = this.memory.state.subarray(FIRST);
    const { postpone } = this.#algorithm;
    if (postpone) this.postpone = (since, until, amount) => postpone(this.#row, this.#current(), since, until, amount);
    if (buffer) return;
    this.memory.state[CLOSED_UNTIL] = Number.NEGATIVE_INFINITY;
    this.memory.state[CAPACITY] = this.#rate.capacity;
    this.memory.state[WINDOW] = this.#rate.window;
    this.#algorithm.reset(this.#row, this.#rate, machineClock.now());
  }

  get largest(): number {
    return largestAmount(this.#current());
  }

  resize(capacity: number, window?: number): void {
    const before = this.#current();
    const after = this.#rateOf(capacity, window ?? before.window);
    checkFallback(this, after.capacity);
    this.memory.lock();
    this.#algorithm.resize?.(this.#row, before, after, this.clock.now());
    this.memory.state[CAPACITY] = after.capacity;
    this.memory.state[WINDOW] = after.window;
    this.#rate = after;
    this.memory.unlock();
    announceSize(this);
  }

  wait(now: number, amount: number): number {
    const wait = this.#algorithm.wait(this.#row, this.#current(), now, amount);
    const closedUntil = this.memory.state[CLOSED_UNTIL]!;
    return closedUntil > now ? Math.max(closedUntil - now, wait) : wait;
  }

  take(now: number, amount: number): void {
    this.#algorithm.take(this.#row, this.#current(), now, amount);
  }

  /** What a rate has counted stays counted. */
  giveBack(): boolean {
    return false;
  }

  settle(now: number, takenAt: number, difference: number): boolean {
    if (difference !== 0) this.#algorithm.settle(this.#row, this.#current(), now, takenAt, difference);
    return difference < 0;
  }

  cap(now: number, remaining: number, resetAfter: number | undefined): void {
    if (remaining >= 1 || resetAfter === undefined) {
      this.#algorithm.cap(this.#row, this.#current(), now, remaining);
    } else {
      // Nothing is left until then, and then all of it: as long a debt would last a whole window.
      this.memory.state[CLOSED_UNTIL] = Math.max(this.memory.state[CLOSED_UNTIL]!, now + resetAfter);
    }
  }

  stats(now: number): LimitStats {
    const rate = this.#current();
    const { burst } = rate;
    const inUse = Math.max(0, burst - this.#algorithm.available(this.#row, rate, now));
    return { key: this.key, kind: this.kind, capacity: burst, inUse, utilization: inUse / burst };
  }

  ticket(): LimitTicket {
    const options = { ...this.#options, fallback: this.fallback };
    return { kind: this.kind, options, buffer: this.memory.share(), row: 0 };
  }

  abandonRow(): void {}

  /** The memory says what holds: in another thread it may have been changed. */
  #current(): Rate {
    const capacity = this.memory.state[CAPACITY]!;
    const window = this.memory.state[WINDOW]!;
    if (capacity !== this.#rate.capacity || window !== this.#rate.window) this.#rate = this.#rateOf(capacity, window);
    return this.#rate;
  }

  #rateOf(capacity: number, window: number): Rate {
    return resolveRate({ ...this.#options, capacity, window });
  }
}

/**
 * So much of something in so much time: tokens per minute, bytes per second.
 *
 * With the default algorithm, `"sliding-window"`, no window of that length, wherever it begins, sees more than
 * `capacity`. Requests must say how much they take; what they really used can be settled afterwards.
 *
 * @throws {TypeError | RangeError} for options that are not valid
 * @example
 * const limits = new LimitSet([new RateLimit({ key: "tokens", capacity: 900_000, window: 60_000 })]);
 * await using grant = await limits.acquire({ tokens: 1200 });
 * grant.update({ tokens: 950 });         // 250 are given back, to whoever waits
 */
export class RateLimit implements Limit {
  readonly key: string;
  readonly [CORE]: LimitCore;
  readonly #core: RateCore;

  constructor(options: RateLimitOptions) {
    checkFields("RateLimit", options, FIELDS);
    this.#core = new RateCore(options, undefined);
    this[CORE] = this.#core;
    this.key = this.#core.key;
  }

  /**
   * Changes what may be taken, from now on, in all sets and all workers that share the limit.
   *
   * What was taken stays taken: any window sees at most the larger of the two capacities, and a whole window later the new
   * one holds. Who waits for more than is ever allowed now is refused at once, with a `RangeError`.
   *
   * A `burst` or a `guard` that was given stays. A sliding window remembers takes one by one up to the capacity that it was
   * made for, or 128; where it grows beyond, up to 0.4 % of a window is lost.
   *
   * @param window - in ms; default: as long as before
   * @throws {RangeError} for numbers that are not finite and above 0
   * @example
   * const tokens = new RateLimit({ key: "tokens", capacity: 90_000, window: 60_000 });
   * tokens.resize(450_000);
   */
  resize(capacity: number, window?: number): void {
    this.#core.resize(capacity, window);
  }

  static {
    staysHome(this, "limit");
  }
}

/** Options of a {@link CallLimit}. */
export interface CallLimitOptions extends RateOptions {
  /** Default: `"calls"`. */
  readonly key?: string;
}

/**
 * So many calls in so much time. Each request takes one, unless it says otherwise.
 *
 * @throws {TypeError | RangeError} for options that are not valid
 * @example
 * const limits = new LimitSet([new CallLimit({ capacity: 500, window: 60_000 })]);
 * await limits.acquire();
 */
export class CallLimit implements Limit {
  readonly key: string;
  readonly [CORE]: LimitCore;
  readonly #core: RateCore;

  constructor(options: CallLimitOptions) {
    checkFields("CallLimit", options, FIELDS);
    this.#core = new RateCore({ ...options, key: options.key ?? "calls" }, 1);
    this[CORE] = this.#core;
    this.key = this.#core.key;
  }

  /**
   * Changes how many calls may be made, from now on; see {@link RateLimit.resize}.
   *
   * @param window - in ms; default: as long as before
   * @throws {RangeError} for numbers that are not finite and above 0, and for a capacity below one call
   * @example
   * const calls = new CallLimit({ capacity: 500, window: 60_000 });
   * calls.resize(3_000);
   */
  resize(capacity: number, window?: number): void {
    this.#core.resize(capacity, window);
  }

  static {
    staysHome(this, "limit");
  }
}

keepShape(new RateCore({ key: "example", capacity: 1, window: 1 }, undefined));
