import { worker } from "manyhands";

class Indexer {
  #done = 0;

  index(page: string): number {
    if (page.startsWith("broken")) throw new SyntaxError(`Cannot read ${page}`);
    return (this.#done += 1);
  }
}

export const IndexerWorker = worker(import.meta, Indexer);
