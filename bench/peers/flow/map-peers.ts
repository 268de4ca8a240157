/** Everything that maps over a source with several at once, in the order of the tables. */
import { Readable } from "node:stream";
import { Effect, Stream } from "effect";
import { map } from "manyhands";
import pMap, { pMapIterable } from "p-map";
import { parallelMap, transform } from "streaming-iterables";
import { REFERENCE } from "../../peer.js";

/** What is done for each item. */
export type Work = (item: number) => Promise<number>;

/** Makes an array of results. */
export interface ArrayPeer {
  readonly name: string;
  run(items: readonly number[], work: Work, concurrency: number): PromiseLike<readonly number[]>;
}

/** Makes results one by one, as they are taken. */
export interface StreamPeer {
  readonly name: string;
  readonly isOrdered: boolean;
  /** @param ahead - items that may be ahead of the reader, where that is a setting */
  open(
    source: Iterable<number> | AsyncIterable<number>,
    work: Work,
    concurrency: number,
    ahead?: number,
  ): AsyncIterable<number>;
}

export const arrayPeers: readonly ArrayPeer[] = [
  { name: REFERENCE, run: (items, work, concurrency) => map(items, work, { concurrency }) },
  { name: "p-map", run: (items, work, concurrency) => pMap(items, work, { concurrency }) },
  {
    name: "effect forEach",
    run: (items, work, concurrency) =>
      Effect.runPromise(Effect.forEach(items, (item) => Effect.promise(() => work(item)), { concurrency })),
  },
  { name: "floor: workers by hand", run: workersByHand },
];

export const streamPeers: readonly StreamPeer[] = [
  {
    name: REFERENCE,
    isOrdered: true,
    open: (source, work, concurrency, window) => map(source, work, { concurrency, ...(window && { window }) }),
  },
  {
    name: "p-map pMapIterable",
    isOrdered: true,
    open: (source, work, concurrency, backpressure) =>
      pMapIterable(source, work, { concurrency, ...(backpressure && { backpressure }) }),
  },
  {
    name: "streaming-iterables parallelMap",
    isOrdered: true,
    open: (source, work, concurrency) => parallelMap(concurrency, work, source),
  },
  {
    name: "Readable.map",
    isOrdered: true,
    open: (source, work, concurrency, highWaterMark) =>
      // Its types do not know the second option yet.
      Readable.from(source).map(work, { concurrency, ...(highWaterMark && { highWaterMark }) } as {
        concurrency: number;
      }),
  },
  {
    name: "effect Stream.mapEffect",
    isOrdered: true,
    open: (source, work, concurrency) => Stream.toAsyncIterable(effectMap(source, work, { concurrency })),
  },
  {
    name: `${REFERENCE}, unordered`,
    isOrdered: false,
    open: (source, work, concurrency) => map(source, work, { concurrency, ordered: false }),
  },
  {
    name: "p-map pMapIterable, unordered",
    isOrdered: false,
    open: (source, work, concurrency) => pMapIterable(source, work, { concurrency, preserveOrder: false }),
  },
  {
    name: "streaming-iterables transform",
    isOrdered: false,
    open: (source, work, concurrency) => transform(concurrency, work, source),
  },
  {
    name: "effect Stream.mapEffect, unordered",
    isOrdered: false,
    open: (source, work, concurrency) =>
      Stream.toAsyncIterable(effectMap(source, work, { concurrency, unordered: true })),
  },
];

function effectMap(
  source: Iterable<number> | AsyncIterable<number>,
  work: Work,
  options: { concurrency: number; unordered?: boolean },
): Stream.Stream<number> {
  const items =
    Symbol.iterator in source
      ? Stream.fromIterable(source)
      : Stream.orDie(Stream.fromAsyncIterable(source, (error) => error));
  return items.pipe(Stream.mapEffect((item) => Effect.promise(() => work(item)), options));
}

/** Loops that share an index: no order to keep, nothing to abort, no source but an array. */
async function workersByHand(items: readonly number[], work: Work, concurrency: number): Promise<number[]> {
  const results: number[] = [];
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  return results;
}
