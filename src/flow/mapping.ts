/**
 * The results of a mapping, as its user holds them: awaited for all of them, or taken one by one.
 *
 * Owns who waits for results. The engine behind it is opened by the first `next()` or `then()`; nothing runs before.
 *
 * States: idle → iterated | awaited → over.
 */
import { staysHome } from "../config/homebound.js";
import { keepShape } from "../config/keep-shape.js";
import { onAbort } from "../config/on-abort.js";
import { surroundingSignals } from "../scope/surrounding-signals.js";
import type { Engine } from "./map-engine.js";
import { END, PENDING } from "./map-source.js";

/** What a mapping needs to begin. */
export interface MappingPlan<R> {
  /** What messages call it. */
  readonly name: string;
  /** @param isAwaited - whether all results are wanted at once: then none waits for its reader */
  open(isAwaited: boolean): Opened<R>;
  readonly signal?: AbortSignal | undefined;
  /** A result was delivered. */
  onResult?: ((result: unknown) => void) | undefined;
  onEnd?: ((ending: Ending) => void) | undefined;
}

/** All results were taken; its reader left; or it failed. */
export type Ending = "done" | "left" | { readonly error: unknown };

interface Waiting<R> {
  resolve(result: IteratorResult<R, undefined>): void;
  reject(error: unknown): void;
}

const OVER: IteratorResult<never, undefined> = Object.freeze({ value: undefined, done: true });

type Opened<R> = Pick<Engine<never, R>, "pull" | "close" | "abort">;

/** Takes all results there are. */
class Collector<R> {
  readonly results: R[] = [];
  readonly #engine: Opened<R>;
  readonly #onResult: ((result: unknown) => void) | undefined;
  readonly #onEnd: (ending: Ending) => void;
  readonly #collect = (): void => this.collect();

  constructor(engine: Opened<R>, onResult: ((result: unknown) => void) | undefined, onEnd: (ending: Ending) => void) {
    this.#engine = engine;
    this.#onResult = onResult;
    this.#onEnd = onEnd;
  }

  collect(): void {
    const { results } = this;
    const engine = this.#engine;
    const wake = this.#collect;
    const onResult = this.#onResult;
    let ending: Ending = "done";
    try {
      for (;;) {
        const result = engine.pull(wake);
        if (result === PENDING) return;
        if (result === END) break;
        results.push(result);
        onResult?.(result);
      }
    } catch (error) {
      ending = { error };
    }
    this.#onEnd(ending);
  }
}

/**
 * Results of one call per item. Await it for all of them as an array; or iterate it to take them one by one, in which
 * case items are taken from the source only as results are. It runs once, begun by whichever comes first.
 *
 * `next()` may be called many times at once. `return()`, which leaving a `for await` early calls, closes the source at
 * once and stops what is in flight.
 */
export class Mapping<R> implements PromiseLike<R[]>, AsyncIterableIterator<R, undefined>, AsyncDisposable {
  readonly #plan: MappingPlan<R>;
  #engine: Opened<R> | undefined;
  #all: Promise<R[]> | undefined;
  #isOver = false;
  #waiting: Waiting<R>[] = [];
  /** The index of the first of them that waits. */
  #first = 0;
  #forgetSignals: readonly (() => void)[] = [];
  readonly #serve = (): void => this.#serveAll();

  static {
    staysHome(this);
    const open = (): never => {
      throw new TypeError("Cannot run as it is an example only");
    };
    const engine = { pull: open, close: open, abort: open };
    keepShape(new Mapping({ name: "example", open }));
    keepShape(new Collector(engine, undefined, open));
  }

  /** Mappings are made by `map`. */
  constructor(plan: MappingPlan<R>) {
    this.#plan = plan;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<R, undefined>> {
    if (this.#all) return Promise.reject(new TypeError(`Cannot iterate ${this.#plan.name} as it is awaited already`));
    if (this.#isOver) return Promise.resolve(OVER);
    if (this.#waiting.length === 0) {
      try {
        const engine = (this.#engine ??= this.#start(false));
        const result = engine.pull(this.#serve);
        if (result !== PENDING) return Promise.resolve(this.#deliver(result));
      } catch (error) {
        this.#finish({ error });
        return Promise.reject(error as Error);
      }
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Ends it; settles when the source has closed, unless that is still busy with an item nobody wants any more. */
  async return(): Promise<IteratorResult<R, undefined>> {
    if (this.#all) throw new TypeError(`Cannot end ${this.#plan.name} as it is awaited: use a signal`);
    if (this.#isOver) return OVER;
    // Closed before it was begun, its source is closed all the same.
    const engine = (this.#engine ??= this.#plan.open(false));
    this.#finish("left");
    for (const { resolve } of this.#takeWaiting()) resolve(OVER);
    await engine.close();
    return OVER;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#all) await this.return();
  }

  then<A = R[], B = never>(
    onFulfilled?: ((results: R[]) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#all ??= this.#collect();
    return this.#all.then(onFulfilled, onRejected);
  }

  /** Begins; where a signal has fired already, with its reason. It ends with the call or the task group it begins in. */
  #start(isAwaited: boolean): Opened<R> {
    const engine = this.#plan.open(isAwaited);
    const { signal } = this.#plan;
    const signals = signal ? [signal, ...surroundingSignals()] : surroundingSignals();
    const fired = signals.find(({ aborted }) => aborted);
    if (fired) engine.abort(fired.reason);
    else this.#forgetSignals = signals.map((one) => onAbort(one, (reason) => engine.abort(reason)));
    return engine;
  }

  #collect(): Promise<R[]> {
    if (this.#engine || this.#isOver) {
      return Promise.reject(new TypeError(`Cannot await ${this.#plan.name} as it is iterated already`));
    }
    return new Promise((resolve, reject) => {
      const engine = (this.#engine = this.#start(true));
      const collector = new Collector(engine, this.#plan.onResult, (ending) => {
        this.#finish(ending);
        if (typeof ending === "object") reject(ending.error);
        else resolve(collector.results);
      });
      collector.collect();
    });
  }

  #deliver(result: R | typeof END): IteratorResult<R, undefined> {
    if (result === END) {
      this.#finish("done");
      return OVER;
    }
    this.#plan.onResult?.(result);
    return { value: result, done: false };
  }

  #serveAll(): void {
    while (this.#first < this.#waiting.length) {
      const { resolve, reject } = this.#waiting[this.#first]!;
      try {
        const result = this.#isOver ? END : this.#engine!.pull(this.#serve);
        if (result === PENDING) return;
        this.#first += 1;
        resolve(this.#deliver(result));
      } catch (error) {
        this.#first += 1;
        this.#finish({ error });
        reject(error);
      }
    }
    this.#takeWaiting();
  }

  #takeWaiting(): Waiting<R>[] {
    const waiting = this.#waiting.slice(this.#first);
    this.#waiting = [];
    this.#first = 0;
    return waiting;
  }

  #finish(ending: Ending): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const forget of this.#forgetSignals) forget();
    this.#plan.onEnd?.(ending);
  }
}
