/**
 * Requests through `node:http` and `node:https`, a quarter of the work of `fetch`, with no hidden limit on the time that an
 * answer takes.
 *
 * Owns two agents, and with them the connections, which are kept for the next request, and those that are opened ahead.
 *
 * T1. A request that is aborted, or whose reader throws, has its connection closed at once.
 * T2. A connection that lay idle may be closed by the server just as we write to it: such a request, of which no byte was
 *     answered, is sent once more on a connection of its own. Connections in steady use do not meet this; what breaks them
 *     is for the client to judge.
 */
import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingMessage,
  request as httpRequest,
  type RequestOptions,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { urlToHttpOptions } from "node:url";
import { onAbort } from "../../config/on-abort.js";
import { NodeReply } from "./node-reply.js";
import { SpareConnections } from "./spare-connections.js";
import type { HttpReply, HttpRequest, Transport } from "./transport.js";

/** Servers keep an idle connection for 2 s and more: one that was used a moment ago is not what they close. In ms. */
const IDLE = 1000;

/**
 * An answer may take minutes. A connection that is silent for 30 s is asked whether it lives: else who is on the way would
 * forget it, and a server that is gone would be waited for. Both names are needed: for new connections, and for those kept.
 */
const KEPT = { keepAlive: true, keepAliveInitialDelay: 30_000, keepAliveMsecs: 30_000 } as const;

/** How an address is asked. */
interface Target {
  readonly send: (options: RequestOptions) => ClientRequest;
  readonly options: RequestOptions;
  readonly spares: SpareConnections;
  /** What `lines` were made of. */
  readonly headers: HttpRequest["headers"];
  /** Names and values in turn, which Node writes as they are. */
  readonly lines: readonly string[];
}

/** See the head of the file. */
export class NodeTransport implements Transport {
  readonly isOwn = true;
  readonly #agents = {
    "http:": new HttpAgent(KEPT),
    "https:": new HttpsAgent(KEPT),
  };
  readonly #spares = {
    "http:": new SpareConnections(this.#agents["http:"]),
    "https:": new SpareConnections(this.#agents["https:"]),
  };
  readonly #now: () => number;
  /** When each connection was last given back. */
  readonly #freed = new WeakMap<Duplex, number>();
  readonly #targets = new WeakMap<URL, Target>();

  /** @param now - in ms, of a clock that only goes forward */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    for (const agent of Object.values(this.#agents)) {
      agent.on("free", (socket: Duplex) => this.#freed.set(socket, now()));
    }
  }

  post(request: HttpRequest): Promise<HttpReply> {
    return this.#send(request, false);
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
    for (const spares of Object.values(this.#spares)) spares.close();
  }

  #send(request: HttpRequest, isAgain: boolean): Promise<HttpReply> {
    const { signal } = request;
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    return new Promise((resolve, reject) => {
      const sentAt = this.#now();
      const { url, headers, body, following } = request;
      const { send, options, lines, spares } = this.#target(url, headers);
      const outgoing = send({
        ...options,
        headers: [...lines, "content-length", String(Buffer.byteLength(body))],
        ...(isAgain && { agent: false }),
      });
      if (following) outgoing.once("socket", (socket: Socket) => spares.follow(socket, following));
      const stopListening = onAbort(signal, (reason) => {
        outgoing.destroy();
        reject(reason as Error);
      });
      let isAnswered = false;
      outgoing.on("response", (incoming: IncomingMessage) => {
        isAnswered = true;
        resolve(new NodeReply(incoming, signal, stopListening));
      });
      // Listened to as long as the request lives: an error without a listener would end the process.
      outgoing.on("error", (error: NodeJS.ErrnoException) => {
        if (isAnswered || signal.aborted) return;
        stopListening();
        const idle = sentAt - (this.#freed.get(outgoing.socket!) ?? sentAt);
        const wasClosed = error.code === "ECONNRESET" || error.code === "EPIPE";
        if (wasClosed && outgoing.reusedSocket && idle >= IDLE && !isAgain) resolve(this.#send(request, true)); // T2
        else reject(error);
      });
      // Where the answer is no response, as a change of the protocol, Node closes the connection and says nothing else.
      outgoing.on("close", () => {
        if (isAnswered) return;
        stopListening();
        reject(Object.assign(new Error("the connection closed before the response"), { code: "ECONNRESET" }));
      });
      outgoing.end(body);
    });
  }

  #target(url: URL, headers: HttpRequest["headers"]): Target {
    const known = this.#targets.get(url);
    if (known?.headers === headers) return known;
    const { protocol, hostname, port, path, auth } = urlToHttpOptions(url);
    const isSecure = url.protocol === "https:";
    const scheme = isSecure ? "https:" : "http:";
    const sent = {
      host: url.host,
      ...(auth && { authorization: `Basic ${Buffer.from(auth).toString("base64")}` }),
      ...headers,
    };
    const target: Target = {
      send: isSecure ? httpsRequest : httpRequest,
      options: { protocol, hostname, port, path, agent: this.#agents[scheme], method: "POST" },
      spares: this.#spares[scheme],
      headers,
      lines: Object.entries(sent).flatMap(([name, value]) => (name === "content-length" ? [] : [name, value])),
    };
    this.#targets.set(url, target);
    return target;
  }
}
