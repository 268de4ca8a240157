import { setTimeout as sleep } from "node:timers/promises";
import { call, worker } from "manyhands";

class Slow {
  #cleanedUp = 0;

  /** Lets go when its signal fires: by a cancellation, a timeout, or because the pool wants its worker back. */
  async download(ms: number): Promise<string> {
    try {
      await sleep(ms, undefined, { signal: call().signal });
      return `completed after ${ms} ms`;
    } finally {
      this.#cleanedUp += 1;
    }
  }

  /** Lets go of nothing: only the end of its thread ends it. */
  spin(): never {
    for (;;);
  }

  cleanedUp(): number {
    return this.#cleanedUp;
  }
}

export const SlowWorker = worker(import.meta, Slow);
