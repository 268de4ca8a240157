/** Compares manyhands with other pools: `node build/bench/pools.js --help`. */
import { runBenchmark } from "./program.js";
import { buffers } from "./sections/buffers.js";
import { cpu } from "./sections/cpu.js";
import { local } from "./sections/local.js";
import { processes } from "./sections/process.js";
import { scale } from "./sections/scale.js";
import { serial } from "./sections/serial.js";
import { memory, start } from "./sections/start.js";
import { sweep, throughput } from "./sections/throughput.js";

await runBenchmark({
  title: "Worker pools, compared",
  file: "build/bench/pools.js",
  sections: [throughput, sweep, serial, cpu, buffers, processes, local, start, memory, scale],
  packages: ["piscina", "tinypool", "poolifier", "workerpool", "comlink"],
  rounds: 5,
  // After so long code is compiled and the heap has grown to its usual size, where calls are swift.
  warmUpMs: 2000,
});
