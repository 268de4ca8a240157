import { staysHome } from "../config/homebound.js";
import { checkFields } from "../config/check-fields.js";
import {
  announceSize,
  CORE,
  checkCapacity,
  checkFallback,
  checkKey,
  type Claim,
  type Limit,
  type LimitCore,
  type LimitStats,
  type LimitTicket,
} from "./limit.js";
import { LimitMemory, ROWS } from "./limit-memory.js";
import { keepShape } from "../config/keep-shape.js";

/** Options of a {@link ResourceLimit}. */
export interface ResourceLimitOptions {
  /** What is held, as in `"connections"`. */
  readonly key: string;
  /** How much of it there is. */
  readonly capacity: number;
}

/** Sums of fractions are off by a few units in the last place: nothing waits for that, and it does not add up. */
const ROUNDING = 1e-9;

const IN_USE = 0;
const CAPACITY = 1;
const FIRST_ROW = 2;

/** A number of things that can be held at once. State: what is held in all, how much there is, what each holder holds. */
export class ResourceCore implements LimitCore {
  readonly kind = "resource";
  readonly key: string;
  readonly fallback = 1;
  readonly memory: LimitMemory;
  readonly #state: Float64Array;
  readonly claims: Claim[] = [];
  readonly watchers = new Set<() => void>();
  readonly resized = new Set<() => void>();

  constructor({ key, capacity }: ResourceLimitOptions, buffer?: SharedArrayBuffer) {
    this.key = checkKey(key);
    checkCapacity("capacity", capacity);
    this.memory = new LimitMemory(buffer ?? FIRST_ROW + ROWS);
    this.#state = this.memory.state;
    if (!buffer) this.memory.state[CAPACITY] = capacity;
  }

  get largest(): number {
    return this.memory.state[CAPACITY]!;
  }

  resize(capacity: number): void {
    checkFallback(this, checkCapacity("capacity", capacity));
    this.memory.lock();
    this.memory.state[CAPACITY] = capacity;
    this.memory.unlock();
    announceSize(this);
  }

  wait(_now: number, amount: number): number {
    const state = this.#state;
    const capacity = state[CAPACITY]!;
    return state[IN_USE]! + amount - capacity <= capacity * ROUNDING ? 0 : Number.POSITIVE_INFINITY;
  }

  take(_now: number, amount: number, row: number): void {
    this.#add(amount, row);
  }

  giveBack(_now: number, _takenAt: number, amount: number, row: number): boolean {
    this.#add(-amount, row);
    return true;
  }

  settle(_now: number, _takenAt: number, difference: number, row: number): boolean {
    this.#add(difference, row);
    return difference < 0;
  }

  /** Servers tell of rates only. */
  cap(): void {}

  stats(): LimitStats {
    const inUse = this.memory.state[IN_USE]!;
    return { key: this.key, kind: this.kind, capacity: this.largest, inUse, utilization: inUse / this.largest };
  }

  ticket(): LimitTicket | undefined {
    const row = this.memory.claimRow();
    if (row === undefined) return undefined;
    return { kind: this.kind, options: { key: this.key, capacity: this.largest }, buffer: this.memory.share(), row };
  }

  abandonRow(row: number): void {
    const { state } = this.memory;
    state[FIRST_ROW + row] = 0;
    // Counted anew: its holder may have died between two writes.
    state[IN_USE] = state.subarray(FIRST_ROW).reduce((sum, held) => sum + held, 0);
    this.memory.freeRow(row);
  }

  #add(amount: number, row: number): void {
    const state = this.#state;
    const least = state[CAPACITY]! * ROUNDING;
    state[FIRST_ROW + row] = rounded(state[FIRST_ROW + row]! + amount, least);
    state[IN_USE] = rounded(state[IN_USE]! + amount, least);
  }
}

function rounded(held: number, least: number): number {
  return Math.abs(held) < least ? 0 : held;
}

/**
 * A number of things that can be held at once: connections, files, licences. Each request takes one, unless it says
 * otherwise, and holds it until its grant is released.
 *
 * @throws {TypeError | RangeError} for options that are not valid
 * @example
 * const limits = new LimitSet([new ResourceLimit({ key: "connections", capacity: 5 })]);
 * await using grant = await limits.acquire({ connections: 2 });
 */
export class ResourceLimit implements Limit {
  readonly key: string;
  readonly [CORE]: LimitCore;

  readonly #core: ResourceCore;

  constructor(options: ResourceLimitOptions) {
    checkFields("ResourceLimit", options, ["key", "capacity"]);
    this.#core = new ResourceCore(options);
    this[CORE] = this.#core;
    this.key = this.#core.key;
  }

  /**
   * Changes how much there is, from now on, in all sets and all workers that share the limit.
   *
   * What is held stays held: where that is more than there is now, nothing is granted until enough was given back. Who
   * waits for more than there is now is refused at once, with a `RangeError`.
   *
   * @throws {RangeError} for a capacity that is not a finite number above 0, or is below the 1 that requests take by default
   * @example
   * const connections = new ResourceLimit({ key: "connections", capacity: 5 });
   * connections.resize(20);
   */
  resize(capacity: number): void {
    this.#core.resize(capacity);
  }

  static {
    staysHome(this, "limit");
  }
}

keepShape(new ResourceCore({ key: "example", capacity: 1 }));
