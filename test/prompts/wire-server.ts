import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { SendContext } from "manyhands/prompts";

/** What a request was. */
export interface Received {
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Record<string, unknown>;
}

export type Answerer = (response: ServerResponse, received: Received) => void;

/** A server that answers as a test says, and is gone with its connections when it is disposed of. */
export class WireServer implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly sockets: Socket[] = [];
  /** Takes the next request; the last stays. */
  answer: Answerer;
  readonly #server = createServer((request, response) => this.#take(request, response));

  private constructor(answer: Answerer) {
    this.answer = answer;
    this.#server.on("connection", (socket) => this.sockets.push(socket));
  }

  static async start(answer: Answerer): Promise<WireServer> {
    const server = new WireServer(answer);
    await new Promise<void>((resolve) => void server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on("error", () => {});
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
      const received = { url: request.url ?? "", headers: request.headers, body };
      this.received.push(received);
      this.answer(response, received);
    });
  }
}

/** Answers with JSON. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answerer {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
}

/** Answers with a stream of these pieces. */
export function stream(...pieces: readonly string[]): Answerer {
  return (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const piece of pieces) response.write(piece);
    response.end();
  };
}

/** An event of a stream. */
export function event(data: unknown, name?: string): string {
  return `${name === undefined ? "" : `event: ${name}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}

export function chatCompletion(text: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "m-1",
    choices: [{ index: 0, message: { role: "assistant", content: text, refusal: null }, finish_reason: "stop" }],
    usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7, prompt_tokens_details: { cached_tokens: 3 } },
    ...more,
  };
}

/** A first attempt that nobody gives up. */
export function attempt<A extends { readonly name: string }>(
  provider: { readonly accounts: readonly A[] },
  more: Partial<SendContext<A>> = {},
): SendContext<A> {
  return {
    account: provider.accounts[0]!,
    signal: new AbortController().signal,
    attempt: 1,
    onHeaders: () => {},
    ...more,
  };
}

/** A promise, and what resolves it. */
export function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** What a promise rejects with. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not reject");
}
