/** `map` against p-map: the same items and functions, in every combination of settings, give the same results. */
import fc from "fast-check";
import { map } from "manyhands";
import pMap from "p-map";
import { describe, expect, it } from "vitest";
import { collect } from "./gate.js";

/** How long an item takes, in turns of the microtask queue; none for an answer without a promise. */
const turns = fc.integer({ min: 0, max: 6 });
const settings = fc.record({
  items: fc.array(turns, { maxLength: 60 }),
  concurrency: fc.integer({ min: 1, max: 9 }),
  room: fc.integer({ min: 0, max: 20 }),
  ordered: fc.boolean(),
  kind: fc.constantFrom("array", "iterable", "async", "promises"),
  awaited: fc.boolean(),
});

interface Item {
  readonly index: number;
  readonly turns: number;
}

function sourceOf(kind: string, items: readonly Item[]): Iterable<Item | Promise<Item>> | AsyncIterable<Item> {
  if (kind === "array") return items;
  if (kind === "iterable") return new Set(items);
  if (kind === "promises") return items.map((item) => (item.index % 2 === 0 ? Promise.resolve(item) : item));
  return (async function* later() {
    for (const item of items) {
      for (let turn = 0; turn < item.turns % 3; turn += 1) await Promise.resolve();
      yield item;
    }
  })();
}

/** Works on items, and counts how many at once. */
class Worker {
  most = 0;
  #running = 0;
  readonly #failing: number | undefined;

  constructor(failing?: number) {
    this.#failing = failing;
  }

  readonly fn = (item: Item): number | Promise<number> => {
    if (item.turns === 0 && item.index !== this.#failing) return item.index;
    return this.#later(item);
  };

  async #later({ index, turns: count }: Item): Promise<number> {
    this.most = Math.max(this.most, (this.#running += 1));
    for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
    this.#running -= 1;
    if (index === this.#failing) throw new RangeError(`item ${index}`);
    return index;
  }
}

describe("map, held to p-map", () => {
  it("gives the same results, within its bounds", async () => {
    await fc.assert(
      fc.asyncProperty(settings, async ({ items: counts, concurrency, room, ordered, kind, awaited }) => {
        const items = counts.map((count, index) => ({ index, turns: count }));
        const worker = new Worker();
        const mapping = map(sourceOf(kind, items), worker.fn, { concurrency, window: concurrency + room, ordered });
        const results = awaited ? await mapping : await collect(mapping);
        const expected = await pMap(sourceOf(kind, items), new Worker().fn, { concurrency });
        expect(ordered ? results : results.toSorted((a, b) => a - b)).toEqual(expected);
        expect(worker.most).toBeLessThanOrEqual(concurrency);
      }),
      { numRuns: 150 },
    );
  });

  it("fails with the same error", async () => {
    await fc.assert(
      fc.asyncProperty(settings, fc.nat(), async ({ items: counts, concurrency, room, ordered, kind, awaited }, at) => {
        const items = counts.map((count, index) => ({ index, turns: count }));
        const worker = new Worker(at % (items.length + 1));
        const mapping = map(sourceOf(kind, items), worker.fn, { concurrency, window: concurrency + room, ordered });
        const outcome = await Promise.resolve(awaited ? mapping : collect(mapping)).then(
          (results) => results.length,
          (error: Error) => error.message,
        );
        const expected = await pMap(sourceOf(kind, items), new Worker(at % (items.length + 1)).fn, {
          concurrency,
        }).then(
          (results) => results.length,
          (error: Error) => error.message,
        );
        expect(outcome).toBe(expected);
      }),
      { numRuns: 100 },
    );
  });

  it("keeps the window: what was taken and not delivered never exceeds it", async () => {
    await fc.assert(
      fc.asyncProperty(settings, async ({ items: counts, concurrency, room, ordered }) => {
        let taken = 0;
        let delivered = 0;
        let ahead = 0;
        function* source(): Generator<Item> {
          for (const [index, count] of counts.entries()) {
            taken += 1;
            ahead = Math.max(ahead, taken - delivered);
            yield { index, turns: count };
          }
        }
        for await (const _ of map(source(), new Worker().fn, { concurrency, window: concurrency + room, ordered })) {
          delivered += 1;
        }
        // The one that is being delivered was taken out of the window already.
        expect(ahead).toBeLessThanOrEqual(concurrency + room + 1);
        expect(delivered).toBe(counts.length);
      }),
      { numRuns: 100 },
    );
  });
});
