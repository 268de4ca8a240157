// A pool asks its workers how they are and replaces one that says it is not well, or that does not answer at all; its call
// fails, the pool goes on. A worker that leaks can be recycled after so many calls, or beyond so many bytes.
import { type Future, WorkerCrashedError } from "manyhands";
import { FragileWorker } from "./17-health-check.worker.js";

await using pool = FragileWorker.options({
  mode: "thread",
  maxWorkers: 1,
  healthCheck: { interval: 50, timeout: 500, method: "isHealthy" },
}).init();

async function reasonOf(future: Future<unknown>): Promise<string> {
  const error = await future.exception();
  return error instanceof WorkerCrashedError ? error.reason : String(error);
}

console.log("healthy:", await pool.process(21));
console.log("says it is not:", await reasonOf(pool.loseConnection()));
console.log("healthy again:", await pool.process(21), "restarts:", pool.stats().workers.restarts);
console.log("says nothing:", await reasonOf(pool.spin()));
console.log("healthy again:", await pool.process(21), "restarts:", pool.stats().workers.restarts);

await using recycled = FragileWorker.options({ mode: "thread", maxWorkers: 1, recycle: { afterCalls: 2 } }).init();
const ids = new Set<string>();
for (let call = 0; call < 6; call += 1) ids.add(await recycled.id());
console.log("six calls, two for each worker:", ids.size, "workers");

// Output:
// healthy: 42
// says it is not: unhealthy
// healthy again: 42 restarts: 1
// says nothing: unresponsive
// healthy again: 42 restarts: 2
// six calls, two for each worker: 3 workers
