/** Measures mode distributed beside what else does work on other machines: `node build/bench/distributed.js --help`. */
import { runBenchmark } from "./program.js";
import { calls } from "./sections/distributed/calls.js";
import { scale } from "./sections/distributed/scale.js";
import { tasksSection } from "./sections/distributed/tasks.js";

await runBenchmark({
  title: "Calls and tasks by way of Redis, compared",
  file: "build/bench/distributed.js",
  sections: [calls, tasksSection, scale],
  packages: ["bullmq", "ioredis"],
  rounds: 5,
});
