// Calls report how far they have come, from whatever place they run in. Then a graceful shutdown: a broadcast tells every
// worker, the busy ones too, to stop after the item at hand, and the pool ends when they have returned what they did.
import { GracefulWorker } from "./10-progress-and-shutdown.worker.js";

const pool = GracefulWorker.options({ mode: "process", maxWorkers: 2 }).init();

const batch = Array.from({ length: 10 }, (_, index) => index);
const futures = [pool.processItems(batch), pool.processItems(batch)];
const reports = futures.map(() => 0);
for (const [index, future] of futures.entries()) future.onProgress(() => (reports[index]! += 1));
const results = await Promise.all(futures);
console.log("doubled:", results[0]?.join(" "));
console.log("reports:", reports.join(" and "), "last:", futures[0]?.progress);

// More than anybody would wait for. A real program calls `shutDown` from `process.once("SIGINT", …)`.
const large = Array.from({ length: 1_000_000 }, (_, index) => index);
const work = [pool.processItems(large), pool.processItems(large)];
const begun = work.map(
  (future) =>
    new Promise<void>((resolve) => {
      future.onProgress(() => resolve());
    }),
);
await Promise.all(begun);

async function shutDown(): Promise<void> {
  console.log("shutting down");
  await pool.broadcast.shutdown();
  await pool.stop({ timeout: 10_000 });
  console.log("shutdown complete");
}
await shutDown();

for (const future of work) {
  const { length } = await future;
  console.log("returned a part of its items:", length > 0 && length < large.length);
}

// Output:
// doubled: 0 2 4 6 8 10 12 14 16 18
// reports: 10 and 10 last: { done: 10, total: 10 }
// shutting down
// shutdown complete
// returned a part of its items: true
// returned a part of its items: true
