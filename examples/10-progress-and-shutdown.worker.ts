import { setImmediate as turn } from "node:timers/promises";
import { call, worker } from "manyhands";

class Graceful {
  #shouldStop = false;

  async processItems(items: readonly number[]): Promise<number[]> {
    const results: number[] = [];
    for (const item of items) {
      if (this.#shouldStop) break;
      results.push(item * 2);
      call().progress(results.length, items.length);
      // Lets `shutdown` in: a broadcast reaches a busy worker whenever its method awaits something.
      await turn();
    }
    return results;
  }

  shutdown(): void {
    this.#shouldStop = true;
  }
}

export const GracefulWorker = worker(import.meta, Graceful);
