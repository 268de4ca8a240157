import { setTimeout as sleep } from "node:timers/promises";
import { task, worker } from "manyhands";

const SLOW_MS = 200;

/** Blocks its thread, as a slow library would. */
export const add = task(
  import.meta,
  function add([a, b]: readonly [number, number]): number {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SLOW_MS);
    return a + b;
  },
  { mode: "thread", maxWorkers: 5 },
);

/** Waits without blocking anybody, as a request does. */
class Adder {
  async add(a: number, b: number): Promise<number> {
    await sleep(SLOW_MS);
    return a + b;
  }
}

export const AdderWorker = worker(import.meta, Adder);
