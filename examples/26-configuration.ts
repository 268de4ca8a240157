// Options for all pools that do not say otherwise: `configure` for the program, `withConfig` for a stretch of code, and the
// environment variable MANYHANDS_MODE to run everything in one place under a debugger.
import { configure, withConfig } from "manyhands";
import { ReporterWorker } from "./26-configuration.worker.js";

configure({ defaults: { mode: "process" }, process: { maxWorkers: 2 }, thread: { maxWorkers: 3 } });

async function describe(options: Parameters<typeof ReporterWorker.options>[0] = {}): Promise<string> {
  await using pool = ReporterWorker.options(options).init();
  return `${await pool.where()} ${pool.stats().workers.total}`;
}

console.log("configured:", await describe());
console.log("explicit beats it:", await describe({ mode: "thread" }));
console.log("and in all:", await describe({ mode: "thread", maxWorkers: 1 }));
console.log("for a stretch:", await withConfig({ defaults: { mode: "async" } }, () => describe()));

process.env.MANYHANDS_MODE = "sync";
console.log("forced:", await describe({ mode: "thread", maxWorkers: 8 }));
delete process.env.MANYHANDS_MODE;

try {
  configure({ defaults: { timeOut: 1000 } as object });
} catch (error) {
  console.log(String(error));
}

// Output:
// configured: process 2
// explicit beats it: thread 3
// and in all: thread 1
// for a stretch: async 1
// forced: sync 1
// TypeError: Cannot set 'timeOut' as there is no such option: did you mean 'timeout'?
