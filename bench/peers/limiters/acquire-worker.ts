import { Worker, worker } from "manyhands";

class Acquirer extends Worker {
  /** The mean time of an acquire and its release, in ns, each awaited. */
  async acquire(times: number): Promise<number> {
    const { limits } = this;
    const start = performance.now();
    for (let index = 0; index < times; index += 1) (await limits.acquire()).release();
    return ((performance.now() - start) * 1e6) / times;
  }
}

export const AcquireWorker = worker(import.meta, Acquirer);
