import { call, Worker, worker } from "manyhands";

export class BusyError extends Error {
  override name = "BusyError";
  /** In seconds, as servers say it. */
  readonly retryAfter = 0.02;
}

class Flaky extends Worker {
  #lives = 0;

  /** Fails at its first attempts, as `attempt` of the call tells. */
  async fetch(id: number, failures: number): Promise<string> {
    if (call().attempt <= failures) throw new BusyError(`Server is busy with ${id}`);
    return `${id} by worker ${this.worker.index}`;
  }

  /** A bug: no attempt will do. */
  parse(text: string): unknown {
    return JSON.parse(text);
  }

  /** Answers something better each time. */
  answer(): string {
    this.#lives += 1;
    return this.#lives < 3 ? "hm" : "forty-two";
  }

  dieOnce(): string {
    if (call().attempt === 1) process.exit(1);
    return "by another worker";
  }
}

export const FlakyWorker = worker(import.meta, Flaky);
