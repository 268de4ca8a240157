import { call, Worker, worker } from "manyhands";

/** What the API answers; `tokens` is what it charged. */
export interface Completion {
  readonly text: string;
  readonly tokens: number;
}

export class HttpError extends Error {
  override name = "HttpError";
  readonly status: number;
  /** Retries read `Retry-After` of them. */
  readonly headers: Record<string, string>;

  constructor(response: Response) {
    super(`The server answered ${response.status}`);
    this.status = response.status;
    this.headers = Object.fromEntries(response.headers);
  }
}

class Client extends Worker {
  readonly #url: string;

  constructor(url: string) {
    super();
    this.#url = url;
  }

  async complete(prompt: string): Promise<Completion> {
    // For a single attempt; the `timeout` of the call covers all of them, and the time they wait.
    const signal = AbortSignal.any([call().signal, AbortSignal.timeout(10_000)]);
    const response = await fetch(this.#url, { method: "POST", body: prompt, signal });
    this.limits.learn(response.headers);
    if (response.ok) return (await response.json()) as Completion;
    await response.body?.cancel();
    throw new HttpError(response);
  }
}

export const ClientWorker = worker(import.meta, Client);
