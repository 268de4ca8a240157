/** Compares our limits with other limiters: `node build/bench/limits.js --help`. */
import { runBenchmark } from "./program.js";
import { accuracy } from "./sections/limits/accuracy.js";
import { queue } from "./sections/limits/queue.js";
import { uncontended } from "./sections/limits/uncontended.js";
import { workers } from "./sections/limits/workers.js";

await runBenchmark({
  title: "Limits, compared",
  file: "build/bench/limits.js",
  sections: [uncontended, queue, accuracy, workers],
  packages: ["p-limit", "p-queue", "p-throttle", "async-sema", "bottleneck", "limiter", "rate-limiter-flexible"],
  rounds: 3,
});
