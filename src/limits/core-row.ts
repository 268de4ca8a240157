/**
 * The limits of one set as one thing: what a row of amounts, one for each of them, must wait for; and all their locks.
 *
 * Owns the order in which they are locked, which is the same in every set and every thread.
 */
import type { LimitCore } from "./limit.js";
import type { LimitMemory } from "./limit-memory.js";
import { keepShape } from "../config/keep-shape.js";

export class CoreRow {
  readonly #cores: readonly LimitCore[];
  /** In the order in which they are locked. */
  readonly memories: readonly LimitMemory[];

  constructor(cores: readonly LimitCore[]) {
    this.#cores = cores;
    this.memories = cores.map(({ memory }) => memory).toSorted((a, b) => a.order - b.order);
  }

  lock(): void {
    const { memories } = this;
    for (let index = 0; index < memories.length; index += 1) memories[index]!.lock();
  }

  unlock(): void {
    const { memories } = this;
    for (let index = 0; index < memories.length; index += 1) memories[index]!.unlock();
  }

  /** Ms until all of it can be taken. */
  waitFor(need: readonly number[], now: number): number {
    let longest = 0;
    for (let index = 0; index < need.length; index += 1) {
      const amount = need[index]!;
      if (amount === 0) continue;
      const wait = this.#cores[index]!.wait(now, amount);
      if (wait === Number.POSITIVE_INFINITY) return wait;
      if (wait > longest) longest = wait;
    }
    return longest;
  }

  /** Takes all of it, or nothing; the limits are locked. */
  take(need: readonly number[], now: number, row: number): boolean {
    const cores = this.#cores;
    for (let index = 0; index < need.length; index += 1) {
      if (need[index]! > 0 && cores[index]!.wait(now, need[index]!) > 0) return false;
    }
    for (let index = 0; index < need.length; index += 1) {
      if (need[index]! > 0) cores[index]!.take(now, need[index]!, row);
    }
    return true;
  }

  /** Whether all of them are quiet: there is nothing to lock, no claim, and nobody to tell. */
  get isQuiet(): boolean {
    const { memories } = this;
    for (let index = 0; index < memories.length; index += 1) if (!memories[index]!.isQuiet) return false;
    return true;
  }

  /** One more, or one less, waits for these amounts. */
  countWaiting(need: readonly number[], difference: 1 | -1): void {
    for (let index = 0; index < need.length; index += 1) {
      if (need[index]! > 0) this.#cores[index]!.memory.countWaiting(difference);
    }
  }
}

keepShape(new CoreRow([]));
