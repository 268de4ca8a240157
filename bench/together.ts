/** Measures waiting for many futures, and queues: `node build/bench/together.js --help`. */
import { runBenchmark } from "./program.js";
import { futures } from "./sections/together/futures.js";
import { queue } from "./sections/together/queue.js";

await runBenchmark({
  title: "Futures together and queues, compared",
  file: "build/bench/together.js",
  sections: [futures, queue],
  packages: ["fastq", "p-queue"],
  rounds: 3,
});
