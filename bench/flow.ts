/** Compares mappings and pipelines with others: `node build/bench/flow.js --help`. */
import { runBenchmark } from "./program.js";
import { items, lazy } from "./sections/flow/items.js";
import { stages } from "./sections/flow/stages.js";
import { stragglers } from "./sections/flow/stragglers.js";

await runBenchmark({
  title: "Mappings and pipelines, compared",
  file: "build/bench/flow.js",
  sections: [items, lazy, stragglers, stages],
  packages: ["p-map", "streaming-iterables", "effect"],
  rounds: 3,
});
