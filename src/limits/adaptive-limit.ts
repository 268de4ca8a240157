import { staysHome } from "../config/homebound.js";
import { show } from "../config/show.js";
import { checkFields } from "../config/check-fields.js";
import {
  checkCapacity,
  checkKey,
  type Claim,
  CORE,
  type Limit,
  type LimitCore,
  type LimitStats,
  type Outcome,
} from "./limit.js";
import { LimitMemory } from "./limit-memory.js";

/** Options of an {@link AdaptiveLimit}. */
export interface AdaptiveLimitOptions {
  /** Default: `"concurrency"`. */
  readonly key?: string;
  /**
   * What it follows. `"aimd"` (default): grows by one while all goes well, shrinks by a tenth when something was dropped.
   * `"gradient"`: shrinks already when what it lets through becomes slower.
   */
  readonly algorithm?: "aimd" | "gradient";
  /** Where it begins. Default: 20, within `min` and `max`. */
  readonly initial?: number;
  /** Default: 1. */
  readonly min?: number;
  /** Default: 1,000. */
  readonly max?: number;
}

/** By which a drop shrinks the limit (AIMD as in Netflix's concurrency-limits). */
const BACKOFF = 0.9;
/** How much queueing the gradient allows, as a share of the limit. */
const QUEUE_SHARE = 0.04;
const SMOOTHING = 0.2;
/**
 * After so many samples one is taken with a lower limit, to see again how long it takes without a queue: the fewer, the
 * less is known of it, twice as many each time that nothing has changed.
 */
const PROBE_FIRST = 5;
const PROBE_LAST = 50;
const PROBE_SHARE = 0.7;
/** Times are taken together, as single ones scatter: at least so many, and as many as the limit lets run at once. */
const LEAST_SAMPLE = 20;
/** A mean that is so much slower than without a queue may be so by chance. */
const SCATTER = 0.03;
/** A mean by so much slower or faster is not. */
const CLEARLY = 0.15;

const IN_USE = 0;
/** Sums of fractions are off by a few units in the last place: nothing waits for that, and it does not add up. */
const ROUNDING = 1e-9;

/**
 * A limit of how many run at once, that follows how they end.
 *
 * Sources: additive increase, multiplicative decrease (Chiu and Jain 1989); the gradient of Netflix's concurrency-limits,
 * with the mean of as many times as the limit lets run at once in place of single ones.
 */
class AdaptiveCore implements LimitCore {
  readonly kind = "adaptive";
  readonly key: string;
  readonly fallback = 1;
  readonly memory = new LimitMemory(1);
  readonly claims: Claim[] = [];
  readonly watchers = new Set<() => void>();
  readonly resized = new Set<() => void>();
  readonly #min: number;
  readonly #max: number;
  readonly #isGradient: boolean;
  #limit: number;
  /** Nothing taken before this shrinks the limit again: it is the same congestion. */
  #shrunkAt = Number.NEGATIVE_INFINITY;
  /** The times of the present sample. */
  #sum = 0;
  #count = 0;
  /** Samples until the next probe, and between the last and that one. */
  #untilProbe = PROBE_FIRST;
  #probeAfter = PROBE_FIRST;
  /** Samples in a row that were clearly slower than the base: perhaps it is the base that is wrong. */
  #slow = 0;
  /** The mean time when there is no queue. */
  #base = Number.POSITIVE_INFINITY;
  /** Since when the limit is lowered to see that, and what it was. */
  #probe: { readonly since: number; readonly limit: number } | undefined;

  constructor({ key = "concurrency", algorithm = "aimd", initial, min = 1, max = 1000 }: AdaptiveLimitOptions = {}) {
    this.key = checkKey(key);
    this.#min = checkCapacity("min", min);
    this.#max = checkCapacity("max", max);
    if (min > max)
      throw new RangeError(`Cannot set 'min' as it must not be above 'max': current value is ${min} > ${max}`);
    if (algorithm !== "aimd" && algorithm !== "gradient") {
      throw new TypeError(
        `Cannot set 'algorithm' as it must be 'aimd' or 'gradient': current value is ${show(algorithm)}`,
      );
    }
    this.#isGradient = algorithm === "gradient";
    this.#limit = this.#clamp(checkCapacity("initial", initial ?? this.#clamp(20)));
  }

  get largest(): number {
    return this.#max;
  }

  /** A request above the present limit goes when it is alone, as the limit may never grow to it. */
  wait(_now: number, amount: number): number {
    const inUse = this.memory.state[IN_USE]!;
    const above = inUse + amount - Math.floor(this.#limit);
    return inUse === 0 || above <= this.#limit * ROUNDING ? 0 : Number.POSITIVE_INFINITY;
  }

  take(_now: number, amount: number): void {
    this.#add(amount);
  }

  giveBack(now: number, takenAt: number, amount: number, _row: number, outcome: Outcome): boolean {
    const inUse = this.memory.state[IN_USE]!;
    this.#add(-amount);
    if (outcome === "dropped") this.#shrink(now, takenAt);
    else if (outcome === "success") this.#succeeded(now, takenAt, inUse);
    return true;
  }

  settle(_now: number, _takenAt: number, difference: number): boolean {
    this.#add(difference);
    return difference < 0;
  }

  cap(): void {}

  stats(): LimitStats {
    const inUse = this.memory.state[IN_USE]!;
    const capacity = Math.floor(this.#limit);
    return { key: this.key, kind: this.kind, capacity, inUse, utilization: inUse / capacity };
  }

  /** It lives where its set does: how things end must come together in one place. */
  ticket(): undefined {
    return undefined;
  }

  abandonRow(): void {}

  #add(amount: number): void {
    const inUse = this.memory.state[IN_USE]! + amount;
    this.memory.state[IN_USE] = Math.abs(inUse) < this.#min * ROUNDING ? 0 : inUse;
  }

  #shrink(now: number, takenAt: number): void {
    if (takenAt < this.#shrunkAt) return;
    this.#shrunkAt = now;
    this.#limit = this.#clamp(this.#limit * BACKOFF);
  }

  #succeeded(now: number, takenAt: number, inUse: number): void {
    // A limit that is not used says nothing about what the server could do.
    const isUsed = inUse * 2 >= this.#limit;
    if (this.#isGradient) this.#sample(now, takenAt, isUsed);
    else if (isUsed) this.#limit = this.#clamp(this.#limit + 1 / this.#limit);
  }

  #sample(now: number, takenAt: number, isUsed: boolean): void {
    if (this.#probe && takenAt < this.#probe.since) return;
    this.#sum += now - takenAt;
    this.#count += 1;
    if (this.#count < Math.max(LEAST_SAMPLE, this.#limit)) return;
    const mean = this.#sum / this.#count;
    this.#sum = 0;
    this.#count = 0;
    if (this.#probe) {
      this.#endProbe(mean, this.#probe.limit);
      return;
    }
    // Not the least mean so far: of many the least is lower than the time without a queue, by chance, and the limit would
    // stay far below what the server can do.
    if (mean < this.#base * (1 - CLEARLY)) this.#base = mean;
    if (isUsed) this.#follow(mean);
    this.#slow = mean > this.#base * (1 + CLEARLY) ? this.#slow + 1 : 0;
    this.#untilProbe -= 1;
    if (this.#untilProbe > 0 && this.#slow < PROBE_FIRST) return;
    this.#probe = { since: now, limit: this.#limit };
    this.#limit = this.#clamp(this.#limit * PROBE_SHARE);
  }

  #endProbe(mean: number, limit: number): void {
    const isNew = Math.abs(mean / this.#base - 1) > CLEARLY;
    this.#base = mean;
    this.#limit = limit;
    this.#probe = undefined;
    this.#slow = 0;
    this.#probeAfter = isNew ? PROBE_FIRST : Math.min(PROBE_LAST, this.#probeAfter * 2);
    this.#untilProbe = this.#probeAfter;
  }

  #follow(mean: number): void {
    const gradient = Math.max(0.5, Math.min(1, (this.#base * (1 + SCATTER)) / mean));
    const next = this.#limit * gradient + Math.max(1, this.#limit * QUEUE_SHARE);
    this.#limit = this.#clamp(this.#limit * (1 - SMOOTHING) + next * SMOOTHING);
  }

  #clamp(value: number): number {
    return Math.min(this.#max, Math.max(this.#min, value));
  }
}

/**
 * A limit of how many run at once, that finds by itself how many the other side can take: it grows while all goes well
 * and shrinks when something was dropped (a 429, a timeout) or, with `"gradient"`, became slower.
 *
 * How something ended is told by `grant.release(outcome)`; a pool tells it of calls with a declared cost.
 *
 * @throws {TypeError | RangeError} for options that are not valid
 * @example
 * const limits = new LimitSet([new AdaptiveLimit({ max: 200 })]);
 * const grant = await limits.acquire();
 * const response = await fetch(url);
 * grant.release(response.status === 429 ? "dropped" : "success");
 */
export class AdaptiveLimit implements Limit {
  readonly key: string;
  readonly [CORE]: LimitCore;

  constructor(options: AdaptiveLimitOptions = {}) {
    checkFields("AdaptiveLimit", options, ["key", "algorithm", "initial", "min", "max"]);
    this[CORE] = new AdaptiveCore(options);
    this.key = this[CORE].key;
  }

  static {
    staysHome(this, "limit");
  }
}
