/** Where items come from, as those who take them see it: without a promise wherever none is needed. */
import { show } from "../config/show.js";
import { keepShape } from "../config/keep-shape.js";

/** There is nothing yet: whoever asked is woken when it is worth asking again. */
export const PENDING: unique symbol = Symbol("pending");
/** There will be nothing more. */
export const END: unique symbol = Symbol("end");

/** Gives items to one taker, one at a time. */
export interface Source<T> {
  /**
   * The next item. When it says `PENDING` it calls `wake` once, later; a newer one takes the place of an older.
   * @throws what the source fails with, once; then it is at its end
   */
  pull(wake: () => void): T | typeof PENDING | typeof END;
  /** Gives nothing more and lets go of what it holds. What it returns settles when that is done, where it takes time. */
  close(): PromiseLike<unknown> | undefined;
}

/** Anything that can be iterated. */
export type AnyIterable<T> = Iterable<T> | AsyncIterable<T>;

/**
 * A source over anything that can be iterated; nothing is asked of it before the first `pull`.
 *
 * @param what - what messages call it
 * @throws {TypeError} when it cannot be iterated
 */
export function openSource<T>(what: string, items: AnyIterable<T>): Source<T> {
  if (Array.isArray(items)) return new ArraySource(items as readonly T[]);
  const { [Symbol.asyncIterator]: later, [Symbol.iterator]: now } = (items ?? {}) as Partial<
    AsyncIterable<T> & Iterable<T>
  >;
  if (typeof later === "function") return new AsyncSource<T>(() => later.call(items));
  if (typeof now === "function") return new SyncSource<T>(() => now.call(items));
  throw new TypeError(
    `Cannot read ${what} as it must be an iterable or an async iterable: current value is ${show(items)}`,
  );
}

/** How many items there are, where that can be told without asking for them. */
export function sizeOf(items: unknown): number | undefined {
  if (Array.isArray(items)) return items.length;
  return items instanceof Set || items instanceof Map ? items.size : undefined;
}

class ArraySource<T> implements Source<T> {
  readonly #items: readonly T[];
  #next = 0;

  constructor(items: readonly T[]) {
    this.#items = items;
  }

  pull(): T | typeof END {
    return this.#next < this.#items.length ? this.#items[this.#next++]! : END;
  }

  close(): undefined {
    this.#next = Number.POSITIVE_INFINITY;
  }
}

class SyncSource<T> implements Source<T> {
  #open: (() => Iterator<T>) | undefined;
  #iterator: Iterator<T> | undefined;

  constructor(open: () => Iterator<T>) {
    this.#open = open;
  }

  pull(): T | typeof END {
    if (this.#open) {
      const open = this.#open;
      this.#open = undefined;
      this.#iterator = assertIterator(open());
    }
    if (!this.#iterator) return END;
    let result: IteratorResult<T>;
    try {
      result = this.#iterator.next();
      assertResult(result);
    } catch (error) {
      // As in `for … of`: an iterator that threw is at its end and is not asked to close.
      this.#iterator = undefined;
      throw error;
    }
    if (!result.done) return result.value;
    this.#iterator = undefined;
    return END;
  }

  close(): undefined {
    const iterator = this.#iterator;
    this.#open = this.#iterator = undefined;
    iterator?.return?.();
  }
}

/** Asks for one item at a time, when somebody wants it. */
class AsyncSource<T> implements Source<T> {
  #open: (() => AsyncIterator<T>) | undefined;
  #iterator: AsyncIterator<T> | undefined;
  #isAsking = false;
  #isWanted = false;
  #item: T | typeof PENDING = PENDING;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(open: () => AsyncIterator<T>) {
    this.#open = open;
  }

  pull(wake: () => void): T | typeof PENDING | typeof END {
    const item = this.#item;
    if (item !== PENDING) {
      this.#item = PENDING;
      return item;
    }
    if (this.#failure) {
      const { error } = this.#failure;
      this.#failure = undefined;
      throw error;
    }
    if (this.#open) {
      const open = this.#open;
      this.#open = undefined;
      this.#iterator = assertIterator(open());
    }
    if (!this.#iterator) return END;
    this.#wake = wake;
    this.#isWanted = true;
    if (!this.#isAsking) void this.#ask(this.#iterator);
    return PENDING;
  }

  close(): PromiseLike<unknown> | undefined {
    const iterator = this.#iterator;
    this.#open = this.#iterator = this.#wake = this.#failure = undefined;
    this.#item = PENDING;
    const closing = iterator?.return?.();
    if (!closing || !this.#isAsking) return closing;
    // It may never answer, and then would not close either: nobody waits for it.
    Promise.resolve(closing).catch(() => {});
    return undefined;
  }

  async #ask(iterator: AsyncIterator<T>): Promise<void> {
    this.#isAsking = true;
    while (this.#isWanted && this.#iterator === iterator) {
      this.#isWanted = false;
      try {
        const result = await nextOf(iterator);
        if (this.#iterator !== iterator) break;
        assertResult(result);
        if (result.done) this.#iterator = undefined;
        else this.#item = result.value;
      } catch (error) {
        if (this.#iterator !== iterator) break;
        this.#iterator = undefined;
        this.#failure = { error };
      }
      const wake = this.#wake;
      this.#wake = undefined;
      // Woken, it takes the item, and most often wants another.
      wake?.();
    }
    this.#isAsking = false;
  }
}

/** What throws at once rejects too: whoever asked is woken only after it was told to wait. */
function nextOf<T>(iterator: AsyncIterator<T>): PromiseLike<IteratorResult<T>> {
  try {
    return iterator.next();
  } catch (error) {
    return Promise.reject(error as Error);
  }
}

/** As loops do: what is no iterator would be a source without items. */
function assertIterator<I extends object>(iterator: I): I {
  if (typeof iterator === "object" && iterator !== null) return iterator;
  throw new TypeError(`Cannot read the source as it must return an iterator: current value is ${show(iterator)}`);
}

/** As loops do: what is no result has no `done` and would be an item for ever. */
function assertResult(result: unknown): void {
  if ((typeof result === "object" && result !== null) || typeof result === "function") return;
  throw new TypeError(`Cannot read the source as its iterator must return objects: current value is ${show(result)}`);
}

keepShape(new ArraySource([]));
keepShape(new SyncSource(() => [][Symbol.iterator]()));
keepShape(new AsyncSource(() => (async function* () {})()));
