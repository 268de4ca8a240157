// What a pool knows by itself, through `stats()`: calls, how long they waited and ran, who got how many. What only the
// workers know, each of its own calls, comes through `broadcast`, one answer per worker, to be added up.
import { MeasuredWorker } from "./11-metrics.worker.js";

await using pool = MeasuredWorker.options({ mode: "thread", maxWorkers: 3, loadBalancing: "least-active" }).init();

const fast = Array.from({ length: 50 }, (_, value) => pool.process("fast", value));
const slow = Array.from({ length: 10 }, (_, value) => pool.process("slow", value));
await Promise.all([...fast, ...slow]);

const { calls, loadBalancer, run } = pool.stats();
console.log(`done ${calls.done}, failed ${calls.failed}, running ${calls.running}, queued ${calls.queued}`);
const given = loadBalancer.total.reduce((sum, total) => sum + total, 0);
console.log(`${loadBalancer.algorithm}: ${loadBalancer.dispatched} dispatched, ${given} counted by worker`);
console.log("half ran for less than 5 ms:", run.p50 < 5, "the longest for longer:", run.max >= 5);

const metrics = await pool.broadcast.metrics();
const total = (kind: "fast" | "slow"): number => metrics.reduce((sum, { count }) => sum + count[kind], 0);
const time = metrics.reduce((sum, worker) => sum + worker.time.slow, 0);
console.log(`${metrics.length} workers counted ${total("fast")} fast and ${total("slow")} slow calls`);
console.log("slow calls took about 5 ms each:", time >= 50);

// Output:
// done 60, failed 0, running 0, queued 0
// least-active: 60 dispatched, 60 counted by worker
// half ran for less than 5 ms: true the longest for longer: true
// 3 workers counted 50 fast and 10 slow calls
// slow calls took about 5 ms each: true
