import { worker } from "manyhands";

export class NotFoundError extends Error {
  override name = "NotFoundError";
}

const PAGES: Readonly<Record<string, string>> = {
  "/1": "the quick brown fox",
  "/2": "jumps over the lazy dog",
};

/** Waits for others: many at once in one event loop. */
class Fetcher {
  async fetch(path: string): Promise<Uint8Array> {
    const page = PAGES[path];
    if (page === undefined) throw new NotFoundError(`There is no ${path}`);
    return new TextEncoder().encode(page);
  }
}

/** Computes: one call at a time, on every core. */
class Processor {
  process(page: Uint8Array): { words: number; longest: string } {
    const words = new TextDecoder().decode(page).split(" ");
    return { words: words.length, longest: words.toSorted((a, b) => b.length - a.length)[0]! };
  }
}

/** Keeps what comes in: a single worker needs no locks. */
class Storer {
  readonly #rows: string[] = [];

  store(row: { words: number; longest: string }): string {
    this.#rows.push(`${row.words} words, the longest '${row.longest}'`);
    return this.#rows.at(-1)!;
  }

  rows(): number {
    return this.#rows.length;
  }
}

export const FetcherWorker = worker(import.meta, Fetcher);
export const ProcessorWorker = worker(import.meta, Processor);
export const StorerWorker = worker(import.meta, Storer);
