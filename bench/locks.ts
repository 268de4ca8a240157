/** Compares semaphores and resource pools with others: `node build/bench/locks.js --help`. */
import { runBenchmark } from "./program.js";
import { permits } from "./sections/locks/permits.js";
import { resources } from "./sections/locks/resources.js";

await runBenchmark({
  title: "Semaphores and resource pools, compared",
  file: "build/bench/locks.js",
  sections: [permits, resources],
  packages: ["async-sema", "async-mutex", "p-limit", "tarn", "generic-pool"],
  rounds: 5,
});
