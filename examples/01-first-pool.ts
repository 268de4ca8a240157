// A pool of three threads that is called as one worker would be. Calls go round the workers, and what a worker counts
// stays in that worker: nobody else changes it, so there is nothing to lock.
import { DataProcessorWorker } from "./01-first-pool.worker.js";

await using pool = DataProcessorWorker.options({ mode: "thread", maxWorkers: 3 }).init(10);

const future = pool.process(42);
const { result } = await future;
console.log(`42 becomes ${result}, by worker ${future.worker?.index}`);

const rounds = await Promise.all(Array.from({ length: 9 }, (_, value) => pool.process(value)));
console.log("results:", rounds.map((round) => round.result).join(" "));
console.log("each worker's own count:", rounds.map((round) => round.count).join(" "));

console.log("one worker by itself:", await pool.workers[0]?.processed());
console.log("every worker:", await pool.broadcast.processed());

const { workers, calls } = pool.stats();
console.log(`${workers.total} workers, ${calls.done} calls done, ${calls.failed} failed`);
// Leaving the block stops the workers, also when an error leaves it.

// Output:
// 42 becomes 420, by worker 0
// results: 0 10 20 30 40 50 60 70 80
// each worker's own count: 1 1 2 2 2 3 3 3 4
// one worker by itself: 4
// every worker: [ 4, 3, 3 ]
// 3 workers, 14 calls done, 0 failed
