/**
 * Keeps a thread from falling asleep for the moment in which an answer is expected: waking a thread costs more than a call
 * of a swift method takes, twice for each call.
 *
 * Owns when it is worth while. The loop turns as ever, so that timers, sockets and what is expected itself are served; what
 * can be looked into (`Watched`) is, in each turn. Only the turns cost processor time, some tens of µs at most.
 *
 * V1. A vigil lasts no longer than its budget.
 * V2. One that was in vain is followed by a pause, twice as long each time, counted in occasions; one that was not halves
 *     it. So a caller of slow methods, or a machine whose cores have other work, hardly pays.
 */

/** What a vigil looks into for what is expected, instead of waiting for an event. */
export interface Watched {
  /** From now on it is looked into: nobody needs to be woken. */
  attend(): void;
  /** Delivers what has arrived; `false` where nothing has. */
  poll(): boolean;
  /** It is not looked into any more. */
  rest(): void;
}

/** Occasions passed over at most, after many vigils in vain. */
const LONGEST_PAUSE = 1024;

/** How long a close watch looks again and again within one turn, in ms. */
const CLOSE_MS = 0.02;
/** Looks between two at the clock. */
const LOOKS = 64;

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
  readonly #watched: Watched | undefined;
  /** Whether the thread has nothing else to do meanwhile: then it looks more often than its loop can turn. */
  readonly #isClose: boolean;
  readonly #now: () => number;
  readonly #laterTurn: (fn: () => void) => unknown;
  #until = 0;
  #isTurning = false;
  #pause = 0;
  #skips = 0;
  /** Vigils that were worth it, and those in vain. */
  hits = 0;
  misses = 0;
  readonly #turn = (): void => this.#look();

  constructor(watched: Watched | undefined, isClose: boolean, surroundings: VigilSurroundings = real) {
    this.#watched = watched;
    this.#isClose = isClose && watched !== undefined;
    this.#now = surroundings.now;
    this.#laterTurn = surroundings.laterTurn;
  }

  /** Something is expected to arrive within so many ms. */
  expect(budget: number): void {
    if (budget <= 0) return;
    if (this.#skips > 0) {
      this.#skips -= 1;
      return;
    }
    this.#until = this.#now() + budget;
    if (this.#isTurning) return;
    this.#isTurning = true;
    this.#watched?.attend();
    this.#laterTurn(this.#turn);
  }

  /** It arrived, or something else did. */
  arrived(): void {
    if (this.#until === 0) return;
    this.#until = 0;
    this.#pause >>= 1;
    this.hits += 1;
  }

  /** One turn: nothing new is expected since the last one, it is found, it is given up, or there will be another turn. */
  #look(): void {
    if (this.#until === 0) this.#end();
    else if (!this.#finds() && this.#until > 0 && this.#now() >= this.#until) this.#fail();
    else this.#laterTurn(this.#turn);
  }

  #finds(): boolean {
    const watched = this.#watched;
    if (!watched) return false;
    if (!this.#isClose) return watched.poll();
    const until = Math.min(this.#until, this.#now() + CLOSE_MS);
    do {
      for (let looks = 0; looks < LOOKS; looks += 1) if (watched.poll()) return true;
    } while (this.#now() < until);
    return false;
  }

  #fail(): void {
    this.#until = 0;
    this.#pause = Math.min(2 * this.#pause + 1, LONGEST_PAUSE);
    this.#skips = this.#pause;
    this.misses += 1;
    this.#end();
  }

  #end(): void {
    this.#isTurning = false;
    this.#watched?.rest();
  }
}
