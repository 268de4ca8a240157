/**
 * The server of a simulated model: connections, routes, and its end.
 *
 * Owns the listening socket and the exchanges that are not over. What is answered is the simulation's.
 *
 * V1. After `close` has resolved no socket and no timer is left.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { chat } from "./chat.js";
import type { Dialect } from "./dialect.js";
import { embeddings } from "./embeddings.js";
import { Exchange } from "./exchange.js";
import { listenError } from "./listen-error.js";
import { messages } from "./messages.js";
import { openaiRefusal } from "./openai-refusal.js";
import { Problem } from "./problem.js";
import { responses } from "./responses.js";
import { Simulation } from "./simulation.js";
import type { Settings } from "./simulation-options.js";
import type { SimulationStats } from "./simulation-stats.js";

/** Longer than clients keep connections: else they would meet one that closes in that instant. */
const KEEP_ALIVE = 120_000;
/** How long `close` lets exchanges go on, in ms. */
const GRACE = 1000;
const WHAT_THIS_IS =
  "This is a simulated model (manyhands serve-model): nothing it says is true.\n" +
  "It answers POST /v1/chat/completions, /v1/responses, /v1/embeddings and /v1/messages, and tells at GET /stats how it " +
  "goes.\n";

/** All models, or the one that is named. */
const MODELS = /^(?:\/v1)?\/models(?:\/(.+))?$/;

/** Endpoints by path; a base URL with and without the version will do. */
const DIALECTS: ReadonlyMap<string, Dialect> = new Map(
  [
    ["/chat/completions", chat] as const,
    ["/responses", responses] as const,
    ["/embeddings", embeddings] as const,
    ["/messages", messages] as const,
  ].flatMap(([path, dialect]) => [
    [path, dialect],
    [`/v1${path}`, dialect],
  ]),
);

export class ModelServer {
  readonly #simulation: Simulation;
  readonly #server: Server;
  readonly #exchanges = new Set<Exchange>();
  readonly #queued = new WeakMap<Socket, Set<Exchange>>();
  #whenIdle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(settings: Settings) {
    this.#simulation = new Simulation(settings);
    this.#server = createServer({ keepAliveTimeout: KEEP_ALIVE, noDelay: true }, (request, response) =>
      this.#route(request, response),
    );
  }

  /** Resolves with the base URL; rejects when the port cannot be had. */
  async listen(): Promise<string> {
    const { host, port } = this.#simulation.settings;
    await new Promise<void>((resolve, reject) => {
      const refuse = (cause: Error): void => reject(listenError(host, port, cause));
      this.#server.once("error", refuse);
      this.#server.listen({ host, port, backlog: 1024 }, () => {
        this.#server.off("error", refuse);
        resolve();
      });
    });
    const { port: taken } = this.#server.address() as AddressInfo;
    return `http://${host.includes(":") ? `[${host}]` : host}:${taken}/v1`;
  }

  stats(): SimulationStats {
    return this.#simulation.stats();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const exchange of this.#exchanges) if (!exchange.isAnswering) exchange.destroy();
    if (this.#exchanges.size > 0) await this.#idleWithin(GRACE);
    for (const exchange of this.#exchanges) exchange.destroy();
    // What was written last must leave before connections are closed by force.
    await new Promise(setImmediate);
    this.#server.closeIdleConnections();
    const force = setTimeout(() => this.#server.closeAllConnections(), GRACE / 10);
    await closed;
    clearTimeout(force);
  }

  async #idleWithin(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }

  #route(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url ?? "/";
    const query = url.indexOf("?");
    const path = query === -1 ? url : url.slice(0, query);
    const dialect = DIALECTS.get(path);
    if (dialect && request.method === "POST") {
      const exchange = new Exchange(this.#simulation, dialect, request, response, this.#onOver);
      this.#exchanges.add(exchange);
      if (response.socket === null) this.#watchQueued(exchange);
      return;
    }
    request.resume();
    if (dialect || (request.method !== "GET" && request.method !== "HEAD")) {
      answerProblem(
        response,
        new Problem(405, "invalid_request_error", `Not allowed method: ${request.method} ${path}`),
      );
    } else if (path === "/") {
      answerText(response, 200, "text/plain; charset=utf-8", WHAT_THIS_IS);
    } else if (MODELS.test(path)) {
      answerText(response, 200, "application/json", listModels(MODELS.exec(path)?.[1]));
    } else if (path === "/stats" || path === "/v1/stats") {
      answerText(response, 200, "application/json", `${JSON.stringify(this.stats())}\n`);
    } else {
      answerProblem(response, new Problem(404, "invalid_request_error", `Invalid URL (${request.method} ${path})`));
    }
  }

  /** A response that comes after others on its connection (pipelining) is not told when that closes. */
  #watchQueued(exchange: Exchange): void {
    const { socket } = exchange;
    let queued = this.#queued.get(socket);
    if (!queued) {
      const all = new Set<Exchange>();
      queued = all;
      this.#queued.set(socket, all);
      socket.once("close", () => {
        for (const one of all) one.giveUp();
      });
    }
    queued.add(exchange);
  }

  readonly #onOver = (exchange: Exchange): void => {
    this.#exchanges.delete(exchange);
    this.#queued.get(exchange.socket)?.delete(exchange);
    if (this.#exchanges.size === 0) this.#whenIdle?.();
  };
}

/** Any model will do, so any that is asked for is there. */
function listModels(name: string | undefined): string {
  const model = { id: name ?? "simulated-model", object: "model", created: 0, owned_by: "simulated" };
  return JSON.stringify(name === undefined ? { object: "list", data: [model] } : model);
}

function answerProblem(response: ServerResponse, problem: Problem): void {
  answerText(response, problem.status, "application/json", openaiRefusal(problem).body);
}

function answerText(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, [
    "content-type",
    type,
    "content-length",
    String(Buffer.byteLength(body)),
    "x-simulated",
    "true",
  ]);
  response.end(body);
}
