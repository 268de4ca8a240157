// On demand: a worker for each call, gone after it, at most `availableParallelism() - 1` at once (`maxWorkers: 0`). Good
// for rare bursts; what the constructor costs is paid with each call, while a persistent pool pays it once per worker.
// An elastic pool is between the two: it grows while calls wait and gives workers back when they idle.
import { BatchProcessorWorker } from "./04-on-demand.worker.js";

const batches = [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10]];
const newCounter = (): Int32Array => new Int32Array(new SharedArrayBuffer(4));

{
  const constructions = newCounter();
  await using pool = BatchProcessorWorker.options({ mode: "thread", onDemand: true, maxWorkers: 0 }).init(
    constructions,
  );
  const results = await Promise.all(batches.map((batch) => pool.processBatch(batch)));
  console.log("sums:", results.map(({ sum }) => sum).join(" "));
  console.log("different workers:", new Set(results.map(({ by }) => by)).size);
  await pool.drain();
  console.log("constructions:", constructions[0], "load balancer:", pool.stats().loadBalancer.algorithm);
}
{
  const constructions = newCounter();
  await using pool = BatchProcessorWorker.options({ mode: "thread", maxWorkers: 2 }).init(constructions);
  await Promise.all(batches.map((batch) => pool.processBatch(batch)));
  console.log("persistent pool of 2, constructions:", constructions[0]);
}
{
  const elastic = { min: 0, max: 2, idleTimeout: 10_000 };
  await using pool = BatchProcessorWorker.options({ mode: "thread", maxWorkers: elastic }).init(newCounter());
  console.log("elastic pool before any call:", pool.stats().workers.total, "workers");
  await Promise.all(batches.map((batch) => pool.processBatch(batch)));
  console.log("while it works:", pool.stats().workers.total);
}

// Output:
// sums: 6 15 24 10
// different workers: 4
// constructions: 4 load balancer: random
// persistent pool of 2, constructions: 2
// elastic pool before any call: 0 workers
// while it works: 2
