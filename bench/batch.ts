/** Measures durable batches beside what is usually written by hand: `node build/bench/batch.js --help`. */
import { runBenchmark } from "./program.js";
import { many } from "./sections/batch/many.js";
import { rates } from "./sections/batch/rates.js";
import { resuming } from "./sections/batch/resuming.js";

await runBenchmark({
  title: "Batches over a file, compared",
  file: "build/bench/batch.js",
  sections: [rates, resuming, many],
  packages: ["p-limit"],
  rounds: 3,
});
