/**
 * Sees to it that what a rate counts has begun when it is counted.
 *
 * Whoever is granted something begins with it a little later, when the code that runs has ended: much later where that
 * code makes many requests, or runs for the first time. So what was taken in a turn of the event loop counts from the end
 * of that turn on: a little too late, never too early.
 */
import type { Clock } from "../config/monotonic.js";
import type { LimitCore } from "./limit.js";

// As they are when the library loads: a worker may replace its globals, as fake timers do.
const { nextTick } = process;
const addMicrotask = queueMicrotask;

/** Calls `fn` when all microtasks have run. After a timer, ticks come before microtasks: only one made in them is late enough. */
export function endOfTurn(fn: () => void): void {
  addMicrotask(() => nextTick(fn));
}

/** Turns that are shorter are not worth it, in ms: the guard of the rates makes up for them. */
const NEGLIGIBLE_MS = 0.1;

export class LateStarts {
  readonly #cores: readonly LimitCore[];
  readonly #clock: Clock;
  /** When the first of this turn was taken. */
  #since: number | undefined;
  /** Until when the takes of this turn have been postponed. */
  #caughtUpAt = 0;
  /** What was taken in this turn, of each limit. */
  readonly #amounts: number[];
  readonly #correct = (): void => this.#atEndOfTurn();

  /** None where the time of a take does not matter. */
  static of(cores: readonly LimitCore[], clock: Clock): LateStarts | undefined {
    return cores.some(({ postpone }) => postpone) ? new LateStarts(cores, clock) : undefined;
  }

  constructor(cores: readonly LimitCore[], clock: Clock) {
    this.#cores = cores;
    this.#clock = clock;
    this.#amounts = cores.map(() => 0);
  }

  taken(now: number, amounts: readonly number[]): void {
    for (let index = 0; index < amounts.length; index += 1) this.#amounts[index]! += amounts[index]!;
    if (this.#since !== undefined) return;
    this.#since = now;
    this.#caughtUpAt = now;
    endOfTurn(this.#correct);
  }

  /**
   * Lets nothing expire that was taken in this turn, however long it lasts: it has not begun. Called before more is taken,
   * by who holds the locks.
   */
  catchUp(now: number): void {
    if (this.#since === undefined || now - this.#caughtUpAt < NEGLIGIBLE_MS) return;
    this.#caughtUpAt = now;
    for (let index = 0; index < this.#cores.length; index += 1) {
      this.#cores[index]!.postpone?.(this.#since, now, this.#amounts[index]!);
    }
  }

  /** Of what was taken from `takenAt` on these amounts began at `at` at the latest. */
  began(takenAt: number, at: number, amounts: readonly number[]): void {
    if (at - takenAt < NEGLIGIBLE_MS) return;
    for (let index = 0; index < this.#cores.length; index += 1) {
      const core = this.#cores[index]!;
      if (!core.postpone || amounts[index] === 0) continue;
      core.memory.lock();
      core.postpone(takenAt, at, amounts[index]!);
      core.memory.unlock();
    }
  }

  #atEndOfTurn(): void {
    const since = this.#since!;
    this.#since = undefined;
    this.began(since, this.#clock.now(), this.#amounts);
    this.#amounts.fill(0);
  }
}
