/**
 * The limits of one set as one thing: takes a row of amounts, one for each of them, or says how long it must wait; and all
 * their locks.
 *
 * Owns the order in which they are locked, which is the same in every set and every thread.
 */
import { type LimitCore, type Outcome, tellWatchers } from "./limit.js";
import type { LimitMemory } from "./limit-memory.js";
import { keepShape } from "../config/keep-shape.js";

export class CoreRow {
  readonly #cores: readonly LimitCore[];
  /** In the order in which they are locked. */
  readonly memories: readonly LimitMemory[];
  /** The limit, where there is no other, as in most sets; and its memory. */
  readonly #only: LimitCore | undefined;
  readonly #onlyMemory: LimitMemory | undefined;

  constructor(cores: readonly LimitCore[]) {
    this.#cores = cores;
    this.#only = cores.length === 1 ? cores[0] : undefined;
    this.#onlyMemory = this.#only?.memory;
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

  /** Takes all of it, or nothing, where the limits are locked, or none is busy. */
  take(need: readonly number[], now: number, row: number): boolean {
    const only = this.#only;
    if (only === undefined) return this.#takeSeveral(need, now, row);
    const amount = need[0]!;
    if (amount === 0) return true;
    if (only.wait(now, amount) > 0) return false;
    only.take(now, amount, row);
    return true;
  }

  #takeSeveral(need: readonly number[], now: number, row: number): boolean {
    const cores = this.#cores;
    for (let index = 0; index < need.length; index += 1) {
      if (need[index]! > 0 && cores[index]!.wait(now, need[index]!) > 0) return false;
    }
    for (let index = 0; index < need.length; index += 1) {
      if (need[index]! > 0) cores[index]!.take(now, need[index]!, row);
    }
    return true;
  }

  /** Whether any of them is busy; else there is nothing to lock, no claim, and nobody to tell. */
  get isBusy(): boolean {
    const only = this.#onlyMemory;
    if (only !== undefined) return only.isBusy;
    const { memories } = this;
    for (let index = 0; index < memories.length; index += 1) if (memories[index]!.isBusy) return true;
    return false;
  }

  /** Gives all of it back, and tells those who may take it now. */
  giveBack(taken: readonly number[], now: number, takenAt: number, row: number, outcome: Outcome): void {
    const only = this.#only;
    if (only === undefined || only.memory.isBusy) {
      this.#giveBackSeveral(taken, now, takenAt, row, outcome);
      return;
    }
    const amount = taken[0]!;
    if (amount > 0) only.giveBack(now, takenAt, amount, row, outcome);
  }

  #giveBackSeveral(taken: readonly number[], now: number, takenAt: number, row: number, outcome: Outcome): void {
    const cores = this.#cores;
    const { isBusy } = this;
    let freed: LimitCore[] | undefined;
    if (isBusy) this.lock();
    for (let index = 0; index < taken.length; index += 1) {
      const core = cores[index]!;
      const amount = taken[index]!;
      if (amount === 0 || !core.giveBack(now, takenAt, amount, row, outcome) || !core.memory.hasWaiting) continue;
      (freed ??= []).push(core);
    }
    if (isBusy) this.unlock();
    if (freed) tellWatchers(freed);
  }

  /** One more, or one less, waits for these amounts. */
  countWaiting(need: readonly number[], difference: 1 | -1): void {
    for (let index = 0; index < need.length; index += 1) {
      if (need[index]! > 0) this.#cores[index]!.memory.countWaiting(difference);
    }
  }
}

keepShape(new CoreRow([]));
