import { Worker, worker } from "manyhands";

/** What a server says when it was asked too often. */
const THROTTLED = {
  "Retry-After": "0.2",
  "x-ratelimit-remaining-requests": "0",
  "x-ratelimit-reset-requests": "200ms",
};

export class ThrottledError extends Error {
  override name = "ThrottledError";
  readonly status = 429;
  readonly headers = THROTTLED;
}

class Client extends Worker {
  #isFirst = true;

  /** The first request is throttled; returns when the others were sent. */
  async get(_path: string): Promise<number> {
    await using _grant = await this.limits.acquire();
    if (this.#isFirst) {
      this.#isFirst = false;
      this.limits.learn(THROTTLED);
      throw new ThrottledError("Too many requests");
    }
    return Date.now();
  }
}

export const ClientWorker = worker(import.meta, Client);
