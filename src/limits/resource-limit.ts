import { checkFields } from "../config/check-fields.js";
import {
  CORE,
  checkCapacity,
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
const FIRST_ROW = 1;

/** A number of things that can be held at once. State: what is held in all, then what each holder holds. */
export class ResourceCore implements LimitCore {
  readonly kind = "resource";
  readonly key: string;
  readonly fallback = 1;
  readonly largest: number;
  readonly memory: LimitMemory;
  readonly claims = new Set<Claim>();
  readonly watchers = new Set<() => void>();

  constructor({ key, capacity }: ResourceLimitOptions, buffer?: SharedArrayBuffer) {
    this.key = checkKey(key);
    this.largest = checkCapacity("capacity", capacity);
    this.memory = new LimitMemory(buffer ?? FIRST_ROW + ROWS);
  }

  wait(_now: number, amount: number): number {
    const above = this.memory.state[IN_USE]! + amount - this.largest;
    return above <= this.largest * ROUNDING ? 0 : Number.POSITIVE_INFINITY;
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
    const { state } = this.memory;
    state[FIRST_ROW + row] = this.#round(state[FIRST_ROW + row]! + amount);
    state[IN_USE] = this.#round(state[IN_USE]! + amount);
  }

  #round(held: number): number {
    return Math.abs(held) < this.largest * ROUNDING ? 0 : held;
  }
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

  constructor(options: ResourceLimitOptions) {
    checkFields("ResourceLimit", options, ["key", "capacity"]);
    this[CORE] = new ResourceCore(options);
    this.key = this[CORE].key;
  }
}

keepShape(new ResourceCore({ key: "example", capacity: 1 }));
