import { type Pool, Worker, worker } from "manyhands";

/** Does the heavy part. */
class Compute {
  square(x: number): number {
    return x ** 2;
  }

  double(x: number): number {
    return x * 2;
  }
}

export const ComputeWorker = worker(import.meta, Compute);

/** Has a pool of its own, which ends with it. */
class Coordinator extends Worker {
  readonly #compute: Pool<Compute> = ComputeWorker.options({ mode: "process", maxWorkers: 2 }).init();

  async processBatch(values: readonly number[]): Promise<number[]> {
    return Promise.all(values.map((value) => this.#compute.square(value)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#compute.stop();
  }
}

export const CoordinatorWorker = worker(import.meta, Coordinator);

/** One of several: each branch has leaves of its own. */
class Branch {
  readonly #leaves: Pool<Compute> = ComputeWorker.options({ mode: "thread", maxWorkers: 2 }).init();

  async processGroup(values: readonly number[]): Promise<number[]> {
    return Promise.all(values.map((value) => this.#leaves.double(value)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leaves.stop();
  }
}

export const BranchWorker = worker(import.meta, Branch);
