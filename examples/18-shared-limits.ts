// All workers of a pool share its limits, on threads and in processes alike. A method takes all it needs at once, and says
// afterwards what it really used: less is given back at once, more is charged.
import { CallLimit, RateLimit } from "manyhands";
import { ClientWorker } from "./18-shared-limits.worker.js";

const window = 1000;

for (const mode of ["thread", "process"] as const) {
  await using pool = ClientWorker.options({
    mode,
    maxWorkers: 4,
    limits: [new CallLimit({ capacity: 10, window }), new RateLimit({ key: "tokens", capacity: 1000, window })],
  }).init();
  await pool.ready();

  const answers = await Promise.all(Array.from({ length: 20 }, () => pool.generate("x".repeat(40))));

  const sent = answers.map(({ sentAt }) => sentAt).toSorted((a, b) => a - b);
  const busiest = Math.max(...sent.map((from) => sent.filter((at) => at >= from && at < from + window).length));
  console.log(`${mode}: ${answers.length} answers, never more than ten in a window: ${busiest <= 10}`);
  const [calls, tokens] = pool.stats().limits[0]!.limits;
  console.log(`${calls?.key}: ${calls?.capacity}, ${tokens?.key}: ${tokens?.capacity} in each window`);
}

// Output:
// thread: 20 answers, never more than ten in a window: true
// calls: 10, tokens: 1000 in each window
// process: 20 answers, never more than ten in a window: true
// calls: 10, tokens: 1000 in each window
