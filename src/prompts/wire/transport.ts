import type { HeadersLike } from "../../limits/headers/header-lines.js";

/** The head of a response, whose body is still to be read: by `read` or `discard`, else the connection is kept. */
export interface HttpReply {
  readonly status: number;
  readonly headers: HeadersLike;
  /** The value of a header; `""` without. */
  header(name: string): string;
  /**
   * Reads the body, decompressed. `onChunk` may return true for "enough": then the rest is not waited for. Where it throws,
   * the connection is closed.
   *
   * @throws whatever broke the connection, what `onChunk` threw, or the reason of the signal
   */
  read(onChunk: (chunk: Uint8Array) => boolean | void): Promise<void>;
  /** Closes the connection. */
  discard(): void;
}

/** A request as it is sent. */
export interface HttpRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Closes the connection when it fires, also while the body is read. */
  readonly signal: AbortSignal;
  /** How many requests are to follow this one at once: connections may be opened for them meanwhile. */
  readonly following?: (() => number) | undefined;
}

/** Sends requests by POST; follows no redirects. */
export interface Transport {
  /** Whether it runs no code but ours. */
  readonly isOwn: boolean;
  /** @throws whatever broke the connection, or the reason of the signal */
  post(request: HttpRequest): Promise<HttpReply>;
  /** Lets go of connections; those in use are broken. */
  close(): void;
}
