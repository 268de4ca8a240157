/** A clock that stands still unless a test moves it, and what tests of limits await. */
import type { Clock } from "../../dist/config/monotonic.js";

interface Timer {
  readonly at: number;
  readonly fn: () => void;
  readonly isInBackground: boolean;
}

/** Far from 0, as the clock of the machine is: a state that begins at 0 by mistake is seen. */
const ORIGIN = 2 ** 31;

export class FakeClock implements Clock {
  #now = ORIGIN;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  after(ms: number, fn: () => void, isInBackground = false): () => void {
    const timer = { at: this.#now + ms, fn, isInBackground };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that would keep the program alive. */
  get pending(): number {
    return [...this.#timers].filter(({ isInBackground }) => !isInBackground).length;
  }

  /** All timers, those in the background too. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Ms since the clock was made. */
  get elapsed(): number {
    return this.#now - ORIGIN;
  }

  /** Moves on, and runs every timer at its time, each in a turn of its own. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await turn();
    for (;;) {
      const next = [...this.#timers].toSorted((a, b) => a.at - b.at)[0];
      if (!next || next.at > end) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.fn();
      await turn();
    }
    this.#now = end;
    await turn();
  }

  /** Moves on to the next timer; `false` when there is none. */
  async next(): Promise<boolean> {
    const soonest = Math.min(...[...this.#timers].map(({ at }) => at));
    if (soonest === Number.POSITIVE_INFINITY) return false;
    await this.advance(Math.max(0, soonest - this.#now));
    return true;
  }

  /** Stands at another time without running timers: for code that reads the time alone. */
  jump(ms: number): void {
    this.#now += ms;
  }
}

/** Ends when everything that can go on without time passing has. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** How a promise stands now. */
export async function stateOf(promise: Promise<unknown>): Promise<"pending" | "fulfilled" | "rejected"> {
  const pending = Symbol("pending");
  await turn();
  return Promise.race([promise, Promise.resolve(pending)]).then(
    (value) => (value === pending ? "pending" : "fulfilled"),
    () => "rejected",
  );
}
