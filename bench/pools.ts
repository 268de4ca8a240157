/** Compares manyhands with other pools: `node build/bench/pools.js --help`. */
import { runBenchmark } from "./program.js";
import { buffers } from "./sections/buffers.js";
import { cpu } from "./sections/cpu.js";
import { local } from "./sections/local.js";
import { processes } from "./sections/process.js";
import { serial } from "./sections/serial.js";
import { throughput } from "./sections/throughput.js";

await runBenchmark({
  title: "Worker pools, compared",
  file: "build/bench/pools.js",
  sections: [serial, throughput, cpu, buffers, processes, local],
  packages: ["piscina", "tinypool", "poolifier", "workerpool", "comlink"],
  rounds: 5,
});
