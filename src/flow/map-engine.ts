/**
 * Runs something for each item of a source, several at once, for one taker: the engine of `map` and of each stage of a
 * pipeline. It is a source itself.
 *
 * Owns what is in flight, in places where it is a call of a pool, and the results that were not taken. Does not own what
 * is run, what becomes of its errors, or any option's default.
 *
 * States: open → failed | closed. Open, it begins items until `pulled - delivered` reaches the window or `running` the
 * concurrency.
 *
 * E1. The source is asked only when there is a free place for the item; nothing is asked of it before the first `pull`.
 * E2. At most `concurrency` run, those included that failed and have not ended; and at most `window` items are pulled and
 *     not delivered.
 * E3. A result that is there without a promise is handed on without one, and nothing else is begun before it is taken.
 * E4. Once failed or closed, no item is begun, the source is closed, and calls in flight are cancelled; results that
 *     come later are dropped. Results that were there, and next in order, still come out before a failure.
 * E5. In order, the result of the nth item pulled is the nth delivered, however they end; else the nth that ends.
 */
import { keepShape } from "../config/keep-shape.js";
import { CancelledError } from "../errors.js";
import { Future } from "../future/future.js";
import { END, PENDING, type Source } from "./map-source.js";
import type { Place } from "./place.js";
import { Places } from "./places.js";

/** An item that has no result: it is passed over. */
export const NOTHING: unique symbol = Symbol("nothing");

/** The item's call was made in the place that was given. */
export const PLACED: unique symbol = Symbol("placed");

/** No result yet, in the ring. */
const EMPTY: unique symbol = Symbol("empty");

/** What is run for each item. */
export interface Work<T, R> {
  /** Begins an item; returns its value, a promise of it, or `PLACED` where it made a call in that place. */
  begin(item: T, index: number, place: Place<T>): unknown;
  /** The result of an item, from its value. What it throws is given to `failed`. */
  done(item: T, value: unknown, index: number): R | typeof NOTHING;
  /** The result of an item that failed; what it throws ends everything. */
  failed(item: T, error: unknown, index: number): R | typeof NOTHING;
  /** No more is wanted: what runs may stop. */
  stop(reason: unknown): void;
  /** Settles when what failed with this error has ended, where it goes on after it; its place is not free before. */
  lingers?(error: unknown): PromiseLike<void> | undefined;
}

/** How many, and in which order. */
export interface EngineOptions {
  readonly concurrency: number;
  /** Items pulled and not delivered, at most. */
  readonly window: number;
  readonly ordered: boolean;
}

const SMALLEST_RING = 16;

/** Stands for infinity: V8 counts with small integers faster than with others. */
const UNBOUNDED = 0x3fff_ffff;

export class Engine<T, R> implements Source<R> {
  readonly #source: Source<T>;
  readonly #work: Work<T, R>;
  readonly #concurrency: number;
  readonly #window: number;
  readonly #isOrdered: boolean;
  /** Free places in the window from which on items are begun again: one by one they would cost more. */
  readonly #batch: number;
  /** Results by position; its length is a power of two. */
  #ring = emptyRing(SMALLEST_RING);
  #pulled = 0;
  #finished = 0;
  #delivered = 0;
  #running = 0;
  #isSourceDone = false;
  #isOver = false;
  #stoppedBy: unknown;
  #failure: { readonly error: unknown } | undefined;
  #isFilling = false;
  #wakeTaker: (() => void) | undefined;
  readonly #places = new Places<T>();
  /** Whether somebody looks at the calls that end in them. */
  #isAttended = false;
  readonly #fill = (): void => this.#beginAll();
  // What `#beginNext` began, for whoever called it.
  #begunItem: T | undefined;
  #begunIndex = 0;
  #begun: unknown;

  static {
    const nothing = (): never => {
      throw new TypeError("Cannot run as it is an example only");
    };
    const source = { pull: nothing, close: nothing };
    const work = { begin: nothing, done: nothing, failed: nothing, stop: nothing };
    keepShape(new Engine(source, work, { concurrency: 1, window: 1, ordered: true }));
  }

  constructor(source: Source<T>, work: Work<T, R>, { concurrency, window, ordered }: EngineOptions) {
    this.#source = source;
    this.#work = work;
    this.#concurrency = Math.min(concurrency, UNBOUNDED);
    this.#window = Math.min(window, UNBOUNDED);
    this.#isOrdered = ordered;
    this.#batch = Math.max(1, Math.min(this.#concurrency, (this.#window - this.#concurrency) >> 1));
  }

  /** Items that were begun and have not ended. */
  get running(): number {
    return this.#running;
  }

  pull(wake: () => void): R | typeof PENDING | typeof END {
    for (;;) {
      let result = this.#head();
      const isThere = result !== EMPTY;
      if (!isThere) {
        if (this.#isOver) return this.#end();
        this.#beginAll();
        // It may have come without a promise (E3).
        result = this.#head();
        if (result === EMPTY) {
          if (this.#isOver) return this.#end();
          if (this.#isSourceDone && this.#delivered === this.#pulled) {
            this.#isOver = true;
            return END;
          }
          this.#wakeTaker = wake;
          return PENDING;
        }
      }
      this.#ring[this.#delivered & (this.#ring.length - 1)] = EMPTY;
      this.#delivered += 1;
      if (isThere && this.#window - (this.#pulled - this.#delivered) >= this.#batch) this.#beginAll();
      if (result !== NOTHING) return result as R;
    }
  }

  /** Wants no more: what is there is dropped. */
  close(): PromiseLike<unknown> | undefined {
    const wasOver = this.#isOver;
    this.#drop();
    if (wasOver) return undefined;
    return this.#stop(new CancelledError("Cannot go on as nobody takes the results any more"));
  }

  /** Ends it with this error, at once: what is there is dropped. */
  abort(error: unknown): void {
    if (this.#isOver) return;
    this.#drop();
    this.fail(error, error);
  }

  /**
   * Ends it with this error; what is there comes out before.
   * @param reason - what stops the items in flight
   */
  fail(error: unknown, reason: unknown = becauseOf(error)): void {
    if (this.#isOver) return;
    this.#failure = { error };
    try {
      const closing = this.#stop(reason);
      // The failure is what is told; that its source cannot be closed is of no interest any more.
      if (closing) Promise.resolve(closing).catch(() => {});
    } catch {
      // As above.
    }
    this.#tell();
  }

  #end(): typeof END {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
    return END;
  }

  #drop(): void {
    this.#failure = undefined;
    this.#ring = emptyRing(SMALLEST_RING);
    this.#finished = this.#delivered;
  }

  #stop(reason: unknown): PromiseLike<unknown> | undefined {
    this.#isOver = true;
    this.#stoppedBy = reason;
    this.#work.stop(reason);
    this.#places.cancelAll(reason);
    this.#places.wake();
    return this.#source.close();
  }

  /** The result to be delivered next. */
  #head(): unknown {
    return this.#ring[this.#delivered & (this.#ring.length - 1)];
  }

  #tell(): void {
    const wake = this.#wakeTaker;
    this.#wakeTaker = undefined;
    wake?.();
  }

  /** Begins as many as there are places for. */
  #beginAll(): void {
    // What a call begins may lead back here: the loop that runs goes on anyway.
    if (this.#isFilling) return;
    this.#isFilling = true;
    while (this.#beginNext()) void this.#follow();
    this.#isFilling = false;
  }

  #mayBegin(): boolean {
    if (this.#isOver || this.#isSourceDone || this.#running >= this.#concurrency) return false;
    return this.#pulled - this.#delivered < this.#window;
  }

  /** Begins items until one is a promise, which is then in the fields for that; `false` when there is none. */
  #beginNext(): boolean {
    while (this.#mayBegin()) {
      const item = this.#take();
      // The source itself may have ended it (E4).
      if (item === PENDING || item === END || this.#isOver) return false;
      const index = this.#pulled++;
      if (index - this.#delivered >= this.#ring.length) this.#grow();
      const place = this.#places.take(item, index);
      let result: R | typeof NOTHING | typeof EMPTY;
      try {
        const begun = this.#work.begin(item, index, place);
        if (begun === PLACED || begun instanceof Future) {
          if (begun !== PLACED) place.take(begun);
          if (place.isBusy) {
            // What was run to make the call may have ended it: it was not among those to be cancelled (E4).
            if (this.#isOver) place.cancel(this.#stoppedBy);
            this.#running += 1;
            if (!this.#isAttended) void this.#attend();
            continue;
          }
          result = this.#resultOf(place);
        } else if (isThenable(begun)) {
          this.#places.leave(place);
          this.#begunItem = item;
          this.#begunIndex = index;
          this.#begun = begun;
          this.#running += 1;
          return true;
        } else {
          result = this.#work.done(item, begun, index);
        }
      } catch (error) {
        result = this.#failed(item, error, index);
      }
      this.#places.leave(place);
      this.#finish(index, result);
      // It came without a promise (E3).
      if (this.#head() !== EMPTY) return false;
    }
    return false;
  }

  /** Goes on with what has ended, in the context in which it was begun. */
  async #attend(): Promise<void> {
    this.#isAttended = true;
    const endedIn = (place: Place<T>): void => {
      const { index } = place;
      const result = this.#resultOf(place);
      this.#places.leave(place);
      this.#running -= 1;
      this.#finish(index, result);
    };
    for (;;) {
      await this.#places.someEnded();
      if (this.#isOver) return;
      this.#places.forEachEnded(endedIn);
      this.#beginAll();
    }
  }

  #resultOf(place: Place<T>): R | typeof NOTHING | typeof EMPTY {
    if (this.#isOver) return EMPTY;
    const { item, index, outcome } = place;
    if (place.isFailed) return this.#failed(item as T, outcome, index);
    try {
      return this.#work.done(item as T, outcome, index);
    } catch (error) {
      return this.#failed(item as T, error, index);
    }
  }

  #take(): T | typeof PENDING | typeof END {
    try {
      const item = this.#source.pull(this.#fill);
      if (item === END) {
        this.#isSourceDone = true;
        if (this.#delivered === this.#pulled) this.#tell();
      }
      return item;
    } catch (error) {
      this.fail(error);
      return END;
    }
  }

  /** Waits for what was just begun, and goes on with the next: one of these for each that runs. */
  async #follow(): Promise<void> {
    do {
      const item = this.#begunItem as T;
      const index = this.#begunIndex;
      const begun = this.#begun;
      this.#begun = this.#begunItem = undefined;
      let result: R | typeof NOTHING | typeof EMPTY = EMPTY;
      let lingering: PromiseLike<void> | undefined;
      try {
        const value = await begun;
        if (!this.#isOver) result = this.#work.done(item, value, index);
      } catch (error) {
        if (!this.#isOver) result = this.#failed(item, error, index);
        lingering = this.#work.lingers?.(error);
      }
      this.#finish(index, result);
      // E2
      if (lingering && !this.#isOver) await lingering;
      this.#running -= 1;
    } while (this.#beginNext());
  }

  #failed(item: T, error: unknown, index: number): R | typeof NOTHING | typeof EMPTY {
    try {
      return this.#work.failed(item, error, index);
    } catch (last) {
      this.fail(last);
      return EMPTY;
    }
  }

  #finish(index: number, result: R | typeof NOTHING | typeof EMPTY): void {
    if (this.#isOver || result === EMPTY) return;
    const count = this.#finished++;
    const position = this.#isOrdered ? index : count;
    this.#ring[position & (this.#ring.length - 1)] = result;
    if (position === this.#delivered) this.#tell();
  }

  #grow(): void {
    const old = this.#ring;
    const ring = emptyRing(old.length * 2);
    for (let offset = 0; offset < old.length; offset += 1) {
      const position = this.#delivered + offset;
      ring[position & (ring.length - 1)] = old[position & (old.length - 1)];
    }
    this.#ring = ring;
  }
}

function emptyRing(length: number): unknown[] {
  return Array.from<unknown>({ length }).fill(EMPTY);
}

/** What stops the other items when one failed. */
function becauseOf(error: unknown): CancelledError {
  return new CancelledError("Cannot go on as another item failed", { cause: error });
}

/** Whether awaiting a value would wait for something. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === "object" || typeof value === "function") &&
    typeof (value as PromiseLike<unknown>).then === "function"
  );
}
