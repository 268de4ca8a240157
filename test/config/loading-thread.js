// Loads something that takes as long as the test says, in a thread, or in a thread within it.
import { parentPort, workerData } from "node:worker_threads";
import { loadModules } from "../../dist/config/load-gate.js";
import { startThread } from "../../dist/modes/start-thread.js";

const { cell, depth } = workerData;
const state = new Int32Array(cell);

if (depth > 0) {
  startThread(new URL(import.meta.url), { workerData: { cell, depth: depth - 1 } });
} else {
  loadModules(() => {
    Atomics.store(state, 0, 1);
    Atomics.notify(state, 0);
    Atomics.wait(state, 1, 0);
  });
  Atomics.store(state, 0, 2);
  parentPort?.postMessage("loaded");
}
// Stays until it is ended.
setInterval(() => {}, 1000);
