import type { Future } from "./future/future.js";

/** Items the calls may be ahead of the reader. */
const AHEAD = 64;

/**
 * The results of one call per item, in the order of the items: await it for all of them as an array, or iterate it to
 * take them one by one, in which case items are taken from the source only as results are.
 *
 * The first call that fails ends it with that call's error, and the calls still in flight are cancelled.
 */
export class Mapping<R> implements PromiseLike<R[]>, AsyncIterable<R> {
  readonly #items: Iterable<unknown> | AsyncIterable<unknown>;
  readonly #call: (item: unknown) => Future<R>;
  #all: Promise<R[]> | undefined;

  constructor(items: Iterable<unknown> | AsyncIterable<unknown>, call: (item: unknown) => Future<R>) {
    this.#items = items;
    this.#call = call;
  }

  then<A = R[], B = never>(
    onFulfilled?: ((results: R[]) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#all ??= this.#collect();
    return this.#all.then(onFulfilled, onRejected);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<R, void, undefined> {
    const inFlight: Future<R>[] = [];
    try {
      for await (const item of this.#items) {
        inFlight.push(this.#call(item));
        if (inFlight.length >= AHEAD) yield await inFlight.shift()!;
      }
      while (inFlight.length > 0) yield await inFlight.shift()!;
    } finally {
      for (const future of inFlight) future.cancel();
    }
  }

  async #collect(): Promise<R[]> {
    const futures: Future<R>[] = [];
    try {
      for await (const item of this.#items) futures.push(this.#call(item));
      return await Promise.all(futures);
    } catch (error) {
      for (const future of futures) future.cancel();
      throw error;
    }
  }
}
