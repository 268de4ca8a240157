import { setTimeout as sleep } from "node:timers/promises";
import { call, worker } from "manyhands";

/** Delays are in ms; one that is negative is refused. */
class Slow {
  async fetch(delay: number): Promise<string> {
    if (delay < 0) throw new RangeError(`Cannot wait for ${delay} ms`);
    await sleep(delay, undefined, { signal: call().signal });
    return `after ${delay} ms`;
  }
}

export const SlowWorker = worker(import.meta, Slow);
