// Three pools of different modes in a row. The future of one pool is an argument of the next: nothing is awaited between
// them, each call begins when its input is there, and an error passes through to the end as it is.
import type { Future } from "manyhands";
import { FetcherWorker, NotFoundError, ProcessorWorker, StorerWorker } from "./06-pipeline.worker.js";

await using fetcher = FetcherWorker.options({ mode: "async" }).init();
await using processor = ProcessorWorker.options({ mode: "process", maxWorkers: 2 }).init();
await using storer = StorerWorker.options({ mode: "thread", maxWorkers: 1 }).init();

const follow = (path: string): Future<string> => {
  const fetched = fetcher.fetch(path);
  const processed = processor.process(fetched);
  return storer.store(processed);
};

const stored = ["/1", "/2", "/404"].map(follow);
for (const future of stored) {
  const error = await future.exception();
  if (error === undefined) console.log("stored:", await future);
  else if (error instanceof NotFoundError) console.log("not stored:", error.message);
  else throw error;
}
console.log("rows:", await storer.rows());

// Output:
// stored: 4 words, the longest 'quick'
// stored: 5 words, the longest 'jumps'
// not stored: There is no /404
// rows: 2
