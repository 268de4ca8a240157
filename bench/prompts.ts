/** Measures many prompts to one model beside what is usually written by hand: `node build/bench/prompts.js --help`. */
import { runBenchmark } from "./program.js";
import { accounts } from "./sections/prompts/accounts.js";
import { latency } from "./sections/prompts/latency.js";
import { limited } from "./sections/prompts/limited.js";
import { uneven } from "./sections/prompts/uneven.js";

await runBenchmark({
  title: "Prompts to a model, compared",
  file: "build/bench/prompts.js",
  sections: [latency, limited, accounts, uneven],
  packages: ["openai", "p-limit", "p-queue"],
  rounds: 3,
});
