import { checkFields } from "../config/check-fields.js";
import { machineClock } from "../config/monotonic.js";
import { CORE, checkKey, type Claim, type Limit, type LimitCore, type LimitStats, type LimitTicket } from "./limit.js";
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

/** Where in the memory stands until when the limit is closed. */
const CLOSED_UNTIL = 0;

/** A rate as a limit: one of the five algorithms over a row of numbers. */
export class RateCore implements LimitCore {
  readonly kind = "rate";
  readonly key: string;
  readonly fallback: number | undefined;
  readonly memory: LimitMemory;
  readonly claims = new Set<Claim>();
  readonly watchers = new Set<() => void>();
  readonly #options: RateLimitOptions;
  readonly #rate: Rate;
  readonly #algorithm: RateAlgorithm;
  readonly #row: Float64Array;
  readonly postpone: LimitCore["postpone"];

  constructor(options: RateLimitOptions, fallback: number | undefined, buffer?: SharedArrayBuffer) {
    this.#options = options;
    this.key = checkKey(options.key);
    this.fallback = fallback;
    this.#rate = resolveRate(options);
    this.#algorithm = rateAlgorithm(options.algorithm ?? "sliding-window");
    this.memory = new LimitMemory(buffer ?? 1 + this.#algorithm.size(this.#rate));
    this.#row = this.memory.state.subarray(1);
    const { postpone } = this.#algorithm;
    if (postpone) this.postpone = (since, until, amount) => postpone(this.#row, this.#rate, since, until, amount);
    if (buffer) return;
    this.memory.state[CLOSED_UNTIL] = Number.NEGATIVE_INFINITY;
    this.#algorithm.reset(this.#row, this.#rate, machineClock.now());
  }

  get largest(): number {
    return largestAmount(this.#rate);
  }

  wait(now: number, amount: number): number {
    return Math.max(
      0,
      this.memory.state[CLOSED_UNTIL]! - now,
      this.#algorithm.wait(this.#row, this.#rate, now, amount),
    );
  }

  take(now: number, amount: number): void {
    this.#algorithm.take(this.#row, this.#rate, now, amount);
  }

  /** What a rate has counted stays counted. */
  giveBack(): boolean {
    return false;
  }

  settle(now: number, takenAt: number, difference: number): boolean {
    if (difference !== 0) this.#algorithm.settle(this.#row, this.#rate, now, takenAt, difference);
    return difference < 0;
  }

  cap(now: number, remaining: number, resetAfter: number | undefined): void {
    if (remaining >= 1 || resetAfter === undefined) {
      this.#algorithm.cap(this.#row, this.#rate, now, remaining);
    } else {
      // Nothing is left until then, and then all of it: as long a debt would last a whole window.
      this.memory.state[CLOSED_UNTIL] = Math.max(this.memory.state[CLOSED_UNTIL]!, now + resetAfter);
    }
  }

  stats(now: number): LimitStats {
    const { burst } = this.#rate;
    const inUse = Math.max(0, burst - this.#algorithm.available(this.#row, this.#rate, now));
    return { key: this.key, kind: this.kind, capacity: burst, inUse, utilization: inUse / burst };
  }

  ticket(): LimitTicket {
    const options = { ...this.#options, fallback: this.fallback };
    return { kind: this.kind, options, buffer: this.memory.share(), row: 0 };
  }

  abandonRow(): void {}
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

  constructor(options: RateLimitOptions) {
    checkFields("RateLimit", options, FIELDS);
    this[CORE] = new RateCore(options, undefined);
    this.key = this[CORE].key;
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

  constructor(options: CallLimitOptions) {
    checkFields("CallLimit", options, FIELDS);
    this[CORE] = new RateCore({ ...options, key: options.key ?? "calls" }, 1);
    this.key = this[CORE].key;
  }
}

keepShape(new RateCore({ key: "example", capacity: 1, window: 1 }, undefined));
