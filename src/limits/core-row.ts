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

  /** Returns whether there is anything to unlock: most limits stay in their thread. */
  lock(): boolean {
    const { memories } = this;
    let isLocked = false;
    for (let index = 0; index < memories.length; index += 1) if (memories[index]!.lock()) isLocked = true;
    return isLocked;
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

  /** Whether anybody waits for any of the limits, in this set or another; else there are no claims and no watchers. */
  isContended(): boolean {
    for (let index = 0; index < this.#cores.length; index += 1) {
      if (this.#cores[index]!.memory.hasWaiting) return true;
    }
    return false;
  }

  /** One more, or one less, waits for these amounts. */
  countWaiting(need: readonly number[], difference: 1 | -1): void {
    for (let index = 0; index < need.length; index += 1) {
      if (need[index]! > 0) this.#cores[index]!.memory.countWaiting(difference);
    }
  }
}

keepShape(new CoreRow([]));
