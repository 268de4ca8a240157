import { setTimeout as sleep } from "node:timers/promises";
import { Worker, worker } from "manyhands";

/** The time by a clock that all threads share, in ms. */
function machineNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

class Database extends Worker {
  /** Returns from when to when the query had its connection, in ms. */
  async query(_sql: string): Promise<{ from: number; to: number }> {
    await using _grant = await this.limits.acquire({ connections: 1 });
    const from = machineNow();
    await sleep(20);
    return { from, to: machineNow() };
  }

  /** A transaction needs a second connection for its log, and takes both at once. */
  async transaction(): Promise<string> {
    await using grant = await this.limits.acquire({ connections: 2 }, { timeout: 5000 });
    return `held ${grant.amounts.connections}`;
  }

  /** Holds all there are, and asks for one more. */
  async greedy(): Promise<never> {
    await using _all = await this.limits.acquire({ connections: 3 });
    await this.limits.acquire({ connections: 1 });
    throw new Error("Cannot be reached");
  }

  async isFree(): Promise<boolean> {
    using grant = await this.limits.tryAcquire({ connections: 3 });
    return grant !== undefined;
  }
}

export const DatabaseWorker = worker(import.meta, Database);
