/**
 * Keeps the event loop from falling asleep for the moment in which an answer is expected: waking a thread costs more
 * than a call of a swift method takes, twice for each call.
 *
 * Owns when it is worth while. The loop turns as ever, so that timers, sockets and what is expected itself are served;
 * only the turns cost processor time, some tens of µs at most.
 *
 * V1. A vigil lasts no longer than `BUDGET_MS`.
 * V2. One that was in vain is followed by a pause, twice as long each time, counted in occasions; one that was not halves
 *     it. So a caller of slow methods, or a machine whose cores have other work, hardly pays.
 */
import { availableParallelism } from "node:os";

const BUDGET_MS = 0.05;
/** Occasions passed over at most, after many vigils in vain. */
const LONGEST_PAUSE = 1024;

/** Both sides are awake at once: with one core each would only keep the other from its work. */
const IS_WORTH_WHILE = availableParallelism() > 1;

/** What a vigil takes of its surroundings. */
export interface VigilSurroundings {
  /** A monotonic time in ms. */
  readonly now: () => number;
  /** Runs a function in the next turn of the event loop, which does not sleep before. */
  readonly laterTurn: (fn: () => void) => unknown;
}

// As it is when the library loads: a worker may replace its globals, as fake timers do.
const real: VigilSurroundings = {
  now: performance.now.bind(performance),
  laterTurn: setImmediate,
};

export class Vigil {
  readonly #now: () => number;
  readonly #laterTurn: (fn: () => void) => unknown;
  #until = 0;
  #isTurning = false;
  #pause = 0;
  #skips = 0;
  readonly #turn = (): void => {
    if (this.#until === 0) this.#isTurning = false;
    else if (this.#now() < this.#until) this.#laterTurn(this.#turn);
    else this.#fail();
  };

  constructor(surroundings: VigilSurroundings = real) {
    this.#now = surroundings.now;
    this.#laterTurn = surroundings.laterTurn;
  }

  /** Something is expected to arrive at once. */
  expect(): void {
    if (!IS_WORTH_WHILE) return;
    if (this.#skips > 0) {
      this.#skips -= 1;
      return;
    }
    this.#until = this.#now() + BUDGET_MS;
    if (this.#isTurning) return;
    this.#isTurning = true;
    this.#laterTurn(this.#turn);
  }

  /** It arrived, or something else did. */
  arrived(): void {
    if (this.#until === 0) return;
    this.#until = 0;
    this.#pause >>= 1;
  }

  #fail(): void {
    this.#until = 0;
    this.#isTurning = false;
    this.#pause = Math.min(2 * this.#pause + 1, LONGEST_PAUSE);
    this.#skips = this.#pause;
  }
}
