import { Worker, worker } from "manyhands";

class Fragile extends Worker {
  #isConnected = true;

  process(value: number): number {
    return value * 2;
  }

  /** Asked by the pool; `false` means: replace me. */
  isHealthy(): boolean {
    return this.#isConnected;
  }

  /** Waits for an answer that never comes. */
  async loseConnection(): Promise<never> {
    this.#isConnected = false;
    return new Promise<never>(() => {});
  }

  spin(): never {
    for (;;);
  }

  id(): string {
    return this.worker.id;
  }
}

export const FragileWorker = worker(import.meta, Fragile);
