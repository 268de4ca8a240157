/**
 * One request and its response.
 *
 * Owns its timer and how far it is; not the connection. It reads the body, is judged, waits for the latency, answers, and
 * is over: once, whatever comes first, the end of the answer, a fault, or the client that goes away.
 *
 * E1. Over means: no timer, not counted as in flight, nothing written any more.
 * E2. A response is written in one piece wherever it is not streamed over time.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Account } from "./account.js";
import type { Dialect, Question } from "./dialect.js";
import { Problem } from "./problem.js";
import { addRateHeaders, addRetryAfter } from "./rate-headers.js";
import { readJson } from "./read-body.js";
import type { Simulation, Verdict } from "./simulation.js";
import { StreamedAnswer } from "./streamed-answer.js";

const MOST_BYTES = 64 * 2 ** 20;
const STATUS_FAULTS: Readonly<Record<string, Problem>> = {
  "500": new Problem(500, "server_error", "The server had an error while processing your request. Sorry about that!"),
  "503": new Problem(503, "server_error", "The engine is currently overloaded, please try again later."),
  "529": new Problem(529, "overloaded_error", "Overloaded"),
};
/** Connections that break do so before the answer, or where the fault is drawn to be in it: this many before. */
const BEFORE = 0.5;
/** How long a fault "429" asks to wait, in ms. */
const FALSE_ALARM = 1000;

export class Exchange {
  readonly #simulation: Simulation;
  readonly #dialect: Dialect;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #number: number;
  #chunks: Buffer[] = [];
  #size = 0;
  #account: Account | undefined;
  #question: Question | undefined;
  #verdict: Verdict | undefined;
  #timer: NodeJS.Timeout | undefined;
  #streamed: StreamedAnswer | undefined;
  #isOver = false;
  readonly #onOver: (exchange: Exchange) => void;

  constructor(
    simulation: Simulation,
    dialect: Dialect,
    request: IncomingMessage,
    response: ServerResponse,
    onOver: (exchange: Exchange) => void,
  ) {
    this.#simulation = simulation;
    this.#dialect = dialect;
    this.#request = request;
    this.#response = response;
    this.#onOver = onOver;
    this.#number = simulation.arrive();
    request.on("data", (chunk: Buffer) => this.#read(chunk));
    request.on("end", () => this.#judge());
    response.on("close", () => this.giveUp());
  }

  get socket(): Socket {
    return this.#request.socket;
  }

  /** Whether it will end by itself: it is read, and does not hang. */
  get isAnswering(): boolean {
    return this.#verdict !== undefined && this.#verdict.fault?.kind !== "hang";
  }

  /** Breaks the connection. */
  destroy(): void {
    this.socket.destroy();
    this.#end();
  }

  #read(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#size += chunk.length;
    if (this.#size > MOST_BYTES) {
      this.#refuse(new Problem(413, "invalid_request_error", `The body is larger than ${MOST_BYTES} bytes.`));
    } else {
      this.#chunks.push(chunk);
    }
  }

  #judge(): void {
    if (this.#isOver) return;
    try {
      this.#account = this.#simulation.accountOf(keyOf(this.#request));
      this.#question = this.#dialect.read(readJson(this.#chunks));
      this.#chunks = [];
      this.#verdict = this.#simulation.judge(this.#dialect, this.#question, this.#account, this.#number);
    } catch (error) {
      this.#refuse(toProblem(error));
      return;
    }
    const { fault, latency } = this.#verdict;
    if (fault?.kind === "429") {
      const message = "Rate limit reached: please try again in 1s.";
      this.#refuse(new Problem(429, "requests", message, { code: "rate_limit_exceeded", wait: FALSE_ALARM }));
    } else if (fault?.kind !== "hang") {
      if (latency === 0) this.#answer();
      else this.#timer = setTimeout(answerNow, latency, this);
    }
  }

  /** For timers, which so need no function each. */
  answerNow(): void {
    this.#answer();
  }

  #answer(): void {
    const { fault, answer } = this.#verdict!;
    const problem = fault && STATUS_FAULTS[fault.kind];
    if (problem) {
      this.#refuse(problem);
      return;
    }
    if (fault?.kind === "reset" && fault.at < BEFORE) {
      this.#reset();
      return;
    }
    this.#simulation.charge(this.#account!, answer);
    this.#simulation.countStatus(200);
    if (this.#question!.isStream && this.#dialect.stream) this.#stream();
    else this.#answerWhole();
  }

  #answerWhole(): void {
    const { answer, fault } = this.#verdict!;
    const body = this.#dialect.whole(this.#question!, answer);
    const response = this.#response;
    if (!fault) {
      const length = Buffer.byteLength(body);
      response.writeHead(200, this.#headers("application/json", length));
      // Of characters of one byte alone, which need no encoding.
      response.end(body, length === body.length ? "latin1" : "utf8");
      this.#simulation.countAnswer(answer, this.#account!);
      this.#end();
      return;
    }
    const part = Buffer.from(body).subarray(0, Math.max(1, Math.floor(body.length * fault.at)));
    if (fault.kind === "broken-json") {
      response.writeHead(200, this.#headers("application/json", part.length));
      response.end(part);
      this.#end();
    } else {
      response.writeHead(200, this.#headers("application/json", Buffer.byteLength(body)));
      response.write(part, () => this.#reset());
    }
  }

  #stream(): void {
    const { answer, fault } = this.#verdict!;
    this.#response.writeHead(200, this.#headers("text/event-stream; charset=utf-8", undefined));
    const { tokensPerSecond } = this.#simulation.settings;
    this.#streamed = new StreamedAnswer(this.#dialect.stream!, this.#question!, answer, this.#response, {
      tokensPerSecond,
      ends: fault && { at: fault.at, how: fault.kind === "reset" ? "reset" : "broken" },
      onEnd: (how) => {
        if (how === "reset") {
          this.#reset();
          return;
        }
        if (how === "whole") this.#simulation.countAnswer(answer, this.#account!);
        this.#end();
      },
    });
    this.#streamed.start();
  }

  #refuse(problem: Problem): void {
    const { status, body } = this.#dialect.refusal(problem);
    const headers = this.#headers("application/json", Buffer.byteLength(body));
    if (problem.wait !== undefined) addRetryAfter(headers, this.#simulation.settings.retryAfter, problem.wait);
    this.#response.writeHead(status, headers);
    this.#response.end(body);
    this.#simulation.countStatus(status, this.#account);
    this.#end();
  }

  #reset(): void {
    this.#end();
    this.socket.resetAndDestroy();
  }

  #headers(type: string, length: number | undefined): string[] {
    const { vendor } = this.#dialect;
    const headers = [
      "content-type",
      type,
      "x-simulated",
      "true",
      vendor === "openai" ? "x-request-id" : "request-id",
      `req_simulated_${this.#number}`,
    ];
    if (length !== undefined) headers.push("content-length", String(length));
    if (this.#account) addRateHeaders(headers, this.#account, vendor, this.#simulation.now());
    return headers;
  }

  /** The client has gone away. */
  giveUp(): void {
    if (this.#isOver) return;
    this.#simulation.countAborted();
    this.#end();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#chunks = [];
    clearTimeout(this.#timer);
    this.#streamed?.stop();
    this.#simulation.leave();
    this.#onOver(this);
  }
}

function answerNow(exchange: Exchange): void {
  exchange.answerNow();
}

/** What names the client: as OpenAI, Anthropic or Azure has it. */
function keyOf({ headers }: IncomingMessage): string | undefined {
  const { authorization } = headers;
  if (authorization !== undefined) return authorization.replace(/^Bearer\s+/i, "");
  const key = headers["x-api-key"] ?? headers["api-key"];
  return Array.isArray(key) ? key[0] : key;
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Problem(500, "server_error", `Cannot answer as 'answer' has failed: ${message}`);
}
