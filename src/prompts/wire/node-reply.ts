import type { IncomingMessage } from "node:http";
import { pipeline, type Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import type { HttpReply } from "./transport.js";
import { UnreadableError } from "./unreadable-error.js";

/** How long the rest of a body may take that nobody waits for, in ms, before its connection is given up. */
const REST = 1000;

/** The response to a request of `NodeTransport`. */
export class NodeReply implements HttpReply {
  readonly status: number;
  readonly #incoming: IncomingMessage;
  readonly #signal: AbortSignal;
  readonly #stopListening: () => void;

  /** @param stopListening - called when the signal needs to close the connection no more */
  constructor(incoming: IncomingMessage, signal: AbortSignal, stopListening: () => void) {
    this.status = incoming.statusCode ?? 0;
    this.#incoming = incoming;
    this.#signal = signal;
    this.#stopListening = stopListening;
    // Until somebody reads: an error without a listener would end the process.
    incoming.on("error", () => {});
  }

  get headers(): Readonly<Record<string, unknown>> {
    return this.#incoming.headers;
  }

  header(name: string): string {
    const value = this.#incoming.headers[name];
    return typeof value === "string" ? value : "";
  }

  discard(): void {
    this.#stopListening();
    this.#incoming.destroy();
  }

  read(onChunk: (chunk: Uint8Array) => boolean | void): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      let source: Readable;
      try {
        source = decompressed(this.#incoming, this.header("content-encoding"));
      } catch (error) {
        this.discard();
        throw error;
      }
      let isEnough = false;
      const fail = (error: unknown): void => {
        this.discard();
        reject((this.#signal.aborted ? this.#signal.reason : error) as Error);
      };
      source.on("data", (chunk: Uint8Array) => {
        if (isEnough) return;
        try {
          isEnough = onChunk(chunk) === true;
        } catch (error) {
          fail(error);
          return;
        }
        if (!isEnough) return;
        resolve();
        const timer = setTimeout(() => this.discard(), REST);
        timer.unref();
        this.#incoming.once("close", () => clearTimeout(timer));
      });
      source.on("end", () => {
        this.#stopListening();
        resolve();
      });
      // Node calls it "aborted", as if somebody had wanted it.
      source.on("error", (error) => fail(error.message === "aborted" ? broken() : error));
      source.on("close", () => {
        if (!source.readableEnded) fail(broken());
      });
      // One that was aborted before it was read tells no more.
      if (source.destroyed) fail(broken());
    });
  }
}

function broken(): Error {
  return Object.assign(new Error("the connection closed before the end of the response"), { code: "ECONNRESET" });
}

/** Compression is not asked for, but proxies apply it all the same. */
function decompressed(incoming: IncomingMessage, encoding: string): Readable {
  switch (encoding.trim().toLowerCase()) {
    case "":
    case "identity":
      return incoming;
    case "gzip":
    case "x-gzip":
      return pipeline(incoming, createGunzip(), () => {});
    case "deflate":
      return pipeline(incoming, createInflate(), () => {});
    case "br":
      return pipeline(incoming, createBrotliDecompress(), () => {});
    default:
      throw new UnreadableError(`the response has the unknown content-encoding '${encoding.slice(0, 40)}'`);
  }
}
