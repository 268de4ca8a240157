import type { HttpReply, HttpRequest, Transport } from "./transport.js";
import { unlessAborted } from "./unless-aborted.js";

/** What of `fetch` is used. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>;

/** Requests through a function of the user's that does as `fetch` does: for proxies, certificates, recordings. */
export class FetchTransport implements Transport {
  readonly isOwn = false;
  readonly #fetch: FetchLike;

  constructor(fetch: FetchLike) {
    this.#fetch = fetch;
  }

  async post({ url, headers, body, signal }: HttpRequest): Promise<HttpReply> {
    signal.throwIfAborted();
    const init: RequestInit = { method: "POST", headers, body, signal, redirect: "manual" };
    return new FetchReply(await unlessAborted(signal, this.#fetch(url.href, init)), signal);
  }

  close(): void {
    // Its connections are the user's.
  }
}

class FetchReply implements HttpReply {
  readonly status: number;
  readonly headers: Headers;
  readonly #response: Response;
  readonly #signal: AbortSignal;

  constructor(response: Response, signal: AbortSignal) {
    this.status = response.status;
    this.headers = response.headers;
    this.#response = response;
    this.#signal = signal;
  }

  header(name: string): string {
    return this.headers.get(name) ?? "";
  }

  discard(): void {
    this.#response.body?.cancel().catch(() => {});
  }

  async read(onChunk: (chunk: Uint8Array) => boolean | void): Promise<void> {
    const reader = this.#response.body?.getReader();
    if (!reader) return;
    try {
      for (;;) {
        const { done, value } = await unlessAborted(this.#signal, reader.read());
        if (done) return;
        if (onChunk(value) === true) break;
      }
    } catch (error) {
      reader.cancel(error).catch(() => {});
      throw error;
    }
    reader.cancel().catch(() => {});
  }
}
