/**
 * Keeps a thread from falling asleep for the moment in which an answer is expected: waking a thread costs more than a call
 * of a swift method takes, twice for each call.
 *
 * Owns when it is worth while. The loop turns as ever, so that timers, sockets and what is expected itself are served; what
 * can be looked into (`Watched`) is, in each turn. Only the turns cost processor time, some tens of µs at most.
 *
 * V1. A vigil lasts no longer than its budget.
 * V2. One that was in vain is followed by a pause, twice as long each time, up to 256 times as long as the vigil was; one
 *     that was not halves it. So a caller of slow methods, or a machine whose cores have other work, hardly pays. But one in
 *     vain after very many that were not has been paid for: any thread stands still for a moment now and then.
 *     One that obeys makes no pauses: somebody else sees to that for both sides, who would else never be awake together.
 * V3. What is longer ago than the longest pause is forgotten: by then it has cost next to nothing, and a burst of calls
 *     would be over before the pause that those of another burst have earned.
 */
import { inMs } from "../config/steady-clock.js";

/** What a vigil looks into for what is expected, instead of waiting for an event. */
export interface Watched {
  /** From now on it is looked into: nobody needs to be woken. */
  attend(): void;
  /** Delivers what has arrived; `false` where nothing has. */
  poll(): boolean;
  /** It is not looked into any more. */
  rest(): void;
}

/** Pauses after one vigil in vain and after many, each so many times as long as that vigil. */
const FIRST_PAUSE = 8;
const LONGEST_PAUSE = 256;

/** So many that were not in vain pay for one that is, and as many times that is remembered. */
const PRICE = 100;
const MOST_PAID = 4;

/** Looks between two at the clock. */
const LOOKS = 64;
/** For so many ms one answer may follow another without a turn of the loop between them, which costs as much as both. */
const LONGEST_TURN = 0.02;

/** What a vigil takes of its surroundings. */
export interface VigilSurroundings {
  /** A monotonic time in ms. */
  readonly now: () => number;
  /** Runs a function in the next turn of the event loop, which does not sleep before. */
  readonly laterTurn: (fn: () => void) => unknown;
  /** Runs a function when all is done that runs in a row. */
  readonly endOfTurn: (fn: () => void) => unknown;
}

// As it is when the library loads: a worker may replace its globals, as fake timers do.
const { hrtime } = process;
const real: VigilSurroundings = {
  now: () => inMs(hrtime()),
  laterTurn: setImmediate,
  endOfTurn: process.nextTick,
};

export class Vigil {
  readonly #watched: Watched | undefined;
  /** How long it looks again and again within one turn, in ms: more often than the loop could turn. */
  readonly #stretch: number;
  readonly #obeys: boolean;
  readonly #now: () => number;
  readonly #laterTurn: (fn: () => void) => unknown;
  readonly #endOfTurn: (fn: () => void) => unknown;
  /** When the loop last turned for it. */
  #turnedAt = 0;
  #until = 0;
  #isTurning = false;
  #budget = 0;
  /** How long the next pause is at least, in budgets, and until when the present one lasts. */
  #pause = 0;
  #pausesUntil = 0;
  /** How many were not in vain and have paid for none yet. */
  #credit = 0;
  /** Vigils that were worth it, and those in vain. */
  hits = 0;
  misses = 0;
  readonly #look = (): void => this.#lookOnce();
  readonly #turn = (): void => {
    this.#turnedAt = this.#now();
    this.#lookOnce();
  };

  constructor(watched: Watched | undefined, stretch: number, obeys = false, surroundings: VigilSurroundings = real) {
    this.#watched = watched;
    this.#stretch = stretch;
    this.#obeys = obeys;
    this.#now = surroundings.now;
    this.#laterTurn = surroundings.laterTurn;
    this.#endOfTurn = surroundings.endOfTurn;
  }

  /** Whether it makes a pause, and expects nothing. */
  get isPausing(): boolean {
    return this.#now() < this.#pausesUntil;
  }

  /** Something is expected to arrive within so many ms. */
  expect(budget: number): void {
    if (budget <= 0) return;
    const now = this.#now();
    if (now < this.#pausesUntil) return;
    this.#budget = budget;
    this.#until = now + budget;
    if (this.#isTurning) return;
    this.#isTurning = true;
    this.#watched?.attend();
    this.#turnedAt = now;
    this.#lookAgain(now);
  }

  /**
   * Looks for it here and now, for so many ms at most: where the event loop stands still until it is there.
   * @returns whether it arrived
   */
  watch(budget: number): boolean {
    if (budget <= 0 || this.isPausing) return false;
    this.#budget = budget;
    this.#until = this.#now() + budget;
    this.#watched?.attend();
    const isFound = this.#finds();
    if (!isFound) this.#fail();
    return isFound;
  }

  /** It arrived, or something else did. */
  arrived(): void {
    if (this.#until === 0) return;
    this.#until = 0;
    this.#pause >>= 1;
    if (this.#credit < MOST_PAID * PRICE) this.#credit += 1;
    this.hits += 1;
  }

  /** One turn: nothing new is expected since the last one, it is found, it is given up, or there will be another turn. */
  #lookOnce(): void {
    if (this.#until === 0) {
      this.#end();
      return;
    }
    const isFound = this.#finds();
    const now = this.#now();
    if (!isFound && this.#until > 0 && now >= this.#until) this.#fail();
    else this.#lookAgain(now);
  }

  #lookAgain(now: number): void {
    if (this.#watched && now - this.#turnedAt < LONGEST_TURN) this.#endOfTurn(this.#look);
    else this.#laterTurn(this.#turn);
  }

  #finds(): boolean {
    const watched = this.#watched;
    if (!watched) return false;
    const until = Math.min(this.#until, this.#now() + this.#stretch);
    do {
      for (let looks = 0; looks < LOOKS; looks += 1) if (watched.poll()) return true;
    } while (this.#now() < until);
    return false;
  }

  #fail(): void {
    this.#until = 0;
    this.misses += 1;
    if (!this.#obeys) this.pause();
    this.#end();
  }

  /** It was in vain, here or on the other side, up to this time. */
  pause(since = this.#now()): void {
    if (this.#credit >= PRICE) {
      this.#credit -= PRICE;
      return;
    }
    if (since - this.#pausesUntil > LONGEST_PAUSE * this.#budget) this.#pause = 0;
    this.#pause = Math.min(Math.max(2 * this.#pause, FIRST_PAUSE), LONGEST_PAUSE);
    this.#pausesUntil = since + this.#pause * this.#budget;
  }

  #end(): void {
    this.#isTurning = false;
    this.#watched?.rest();
  }
}
