import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText, RetryError } from "ai";
import fc from "fast-check";
import { ModelError, TimeoutError, ValidationError } from "manyhands";
import { type Failure, failureOf, type ModelFailure, QuotaExceededError } from "manyhands/prompts";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Answerer, json, rejection, WireServer } from "./wire-server.js";

const QUOTA = {
  error: { message: "You exceeded your current quota", type: "insufficient_quota", code: "insufficient_quota" },
};
const RATE = {
  error: {
    message: "Rate limit reached. Limit 60000, Used 54134, Requested 6465. Please try again in 599ms.",
    type: "tokens",
    code: "rate_limit_exceeded",
  },
};

/** What a server may answer, with what went wrong then, for whatever client asks. */
const ANSWERS: readonly (readonly [name: string, answer: Answerer, expected: Partial<Failure>])[] = [
  [
    "a rate limit",
    json(429, RATE),
    { failure: "rate-limit", status: 429, modelCode: "rate_limit_exceeded", retryAfter: 599 },
  ],
  ["a rate limit in s", json(429, RATE, { "retry-after": "2" }), { failure: "rate-limit", retryAfter: 2000 }],
  [
    "one in ms",
    json(429, RATE, { "retry-after-ms": "70", "retry-after": "1" }),
    { failure: "rate-limit", retryAfter: 70 },
  ],
  ["no quota", json(429, QUOTA), { failure: "quota", status: 429, modelCode: "insufficient_quota" }],
  ["payment required", json(402, { error: { message: "pay" } }), { failure: "quota", status: 402 }],
  [
    "a wrong request",
    json(400, { error: { message: "no", type: "invalid_request_error", code: null } }),
    { failure: "refused", status: 400, modelCode: "invalid_request_error" },
  ],
  [
    "a wrong key",
    json(401, { error: { message: "Incorrect API key provided: sk-abcdefgh1234" } }),
    { failure: "refused", status: 401 },
  ],
  ["a failure", json(500, { error: { message: "oops" } }), { failure: "server", status: 500 }],
  [
    "a gateway's page",
    json(502, "<html><title>Bad Gateway</title></html>", { "content-type": "text/html" }),
    { failure: "server", status: 502 },
  ],
  [
    "too much to do",
    json(503, { error: { message: "busy" } }, { "retry-after": "1" }),
    { failure: "overloaded", status: 503, retryAfter: 1000 },
  ],
  ["a conflict", json(409, {}), { failure: "server", status: 409 }],
  ["broken JSON", json(200, '{"choices": [{"mess'), { failure: "malformed" }],
];

let server: WireServer;
beforeAll(async () => {
  server = await WireServer.start(json(200, {}));
});
afterAll(() => server[Symbol.asyncDispose]());

describe("failureOf tells errors of the package openai", () => {
  const client = (options: object = {}): OpenAI =>
    new OpenAI({ apiKey: "sk-test", baseURL: server.url, maxRetries: 0, ...options });
  const ask = (options: object = {}, more: object = {}): Promise<unknown> =>
    client(options).chat.completions.create({ model: "m", messages: [] }, more);

  it.each(ANSWERS)("%s", async (_, answer, expected) => {
    server.answer = answer;
    expect(failureOf(await rejection(ask()))).toMatchObject(expected);
  });

  it("a key that the server repeats is in no message", async () => {
    server.answer = ANSWERS.find(([name]) => name === "a wrong key")![1];
    expect(failureOf(await rejection(ask())).message).toBe("401 Incorrect API key provided: [key]");
  });

  it("an attempt that takes too long, a connection that breaks, and one that is not made", async () => {
    server.answer = (): void => {};
    expect(failureOf(await rejection(ask({ timeout: 20 }))).failure).toBe("timeout");
    server.answer = (response) => response.destroy();
    expect(failureOf(await rejection(ask())).failure).toBe("network");
    const baseURL = `http://127.0.0.1:${await freePort()}`;
    expect(failureOf(await rejection(ask({ baseURL }))).failure).toBe("network");
  });
});

describe("failureOf tells errors of the AI SDK", () => {
  const ask = (more: object = {}): Promise<unknown> => {
    const provider = createOpenAICompatible({ name: "test", baseURL: server.url });
    return generateText({ model: provider("m"), prompt: "x", maxRetries: 0, ...more });
  };

  it.each(ANSWERS)("%s", async (_, answer, expected) => {
    server.answer = answer;
    // It keeps no code of a body that is none of its own form.
    expect(failureOf(await rejection(ask()))).toMatchObject(expected);
  });

  it("a connection that breaks, and a signal that is a timeout", async () => {
    server.answer = (response) => response.destroy();
    expect(failureOf(await rejection(ask())).failure).toBe("network");
    server.answer = (): void => {};
    expect(failureOf(await rejection(ask({ abortSignal: AbortSignal.timeout(20) }))).failure).toBe("timeout");
  });

  it("the last of several attempts", () => {
    const call = (statusCode: number): APICallError =>
      new APICallError({
        message: "no",
        url: "",
        requestBodyValues: {},
        statusCode,
        responseHeaders: { "retry-after": "3" },
      });
    const error = new RetryError({ message: "twice", reason: "maxRetriesExceeded", errors: [call(500), call(429)] });
    expect(failureOf(error)).toMatchObject({ failure: "rate-limit", status: 429, retryAfter: 3000, message: "twice" });
  });
});

describe("failureOf", () => {
  const cause = (code: string): Error =>
    new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code }) });
  const CASES: readonly (readonly [name: string, error: unknown, failure: ModelFailure])[] = [
    ["fetch's error by its cause", cause("ECONNREFUSED"), "network"],
    ["undici's timeout", cause("UND_ERR_HEADERS_TIMEOUT"), "timeout"],
    ["a certificate", cause("CERT_HAS_EXPIRED"), "refused"],
    ["a name that is not found", cause("EAI_AGAIN"), "network"],
    ["fetch's error alone", new TypeError("terminated"), "network"],
    ["a mistake in code", new TypeError("x is not a function"), "refused"],
    ["the platform's timeout", new DOMException("late", "TimeoutError"), "timeout"],
    ["an abort for a timeout", new Error("x", { cause: new DOMException("late", "TimeoutError") }), "timeout"],
    ["ours", new TimeoutError("late", 5), "timeout"],
    ["another of ours", new ValidationError("x", { subject: "x", issues: [] }), "refused"],
    ["no account with money", new QuotaExceededError("none"), "quota"],
    ["what says nothing", new Error("boom"), "server"],
    ["a text", "boom", "server"],
    ["nothing", undefined, "server"],
    ["a body that is no JSON", new SyntaxError("Unexpected token"), "malformed"],
    ["a response of fetch", new Response("", { status: 529 }), "overloaded"],
    [
      "axios",
      { message: "Request failed", code: "ERR_BAD_REQUEST", response: { status: 429, headers: {}, data: QUOTA } },
      "quota",
    ],
    [
      "Anthropic's credit",
      {
        status: 400,
        error: {
          type: "error",
          error: {
            type: "invalid_request_error",
            message: "Your credit balance is too low to access the Anthropic API.",
          },
        },
      },
      "quota",
    ],
    [
      "Anthropic's overload",
      { status: 529, error: { type: "error", error: { type: "overloaded_error", message: "Overloaded" } } },
      "overloaded",
    ],
    ["an error within a stream", { error: { type: "overloaded_error", message: "Overloaded" } }, "overloaded"],
    // A limit of Scaleway's that passes.
    ["a quota in capitals", { status: 429, message: "INSUFFICIENT QUOTA" }, "rate-limit"],
    // It would be refused for ever.
    [
      "more tokens than a minute has",
      {
        status: 429,
        error: { message: "Request too large for gpt-4o on tokens per min", code: "rate_limit_exceeded" },
      },
      "refused",
    ],
    ["several addresses", new AggregateError([Object.assign(new Error(), { code: "ECONNREFUSED" })]), "network"],
  ];
  it.each(CASES)("tells %s", (_, error, failure) => {
    expect(failureOf(error).failure).toBe(failure);
  });

  it("takes a ModelError at its word", () => {
    const error = new ModelError("late", { failure: "overloaded", status: 200, modelCode: "busy", retryAfter: 1.5 });
    expect(failureOf(new Error("outer", { cause: error }))).toEqual({
      failure: "overloaded",
      status: 200,
      modelCode: "busy",
      retryAfter: 1500,
      headers: undefined,
      message: "outer",
    });
  });

  it.each([
    ["Please try again in 6m0s.", 360_000],
    ["Please try again in 1.2s. Visit", 1200],
    ["Please retry after 26 seconds.", 26_000],
    ["Please retry in 34.07s", 34_070],
    ["try again in 1 minute 30 seconds", 90_000],
    ["Please try again in 20s on tokens", 20_000],
    ["try again in a while", undefined],
  ])("reads how long to wait in %j", (message, expected) => {
    expect(failureOf({ status: 429, message }).retryAfter).toBe(expected);
  });

  it("waits until what is used up is there again, where nothing else says how long", () => {
    const headers = {
      "x-ratelimit-remaining-requests": "7",
      "x-ratelimit-reset-requests": "9s",
      "x-ratelimit-remaining-tokens": "0",
      "x-ratelimit-reset-tokens": "1m2s",
    };
    expect(failureOf({ status: 429, headers }).retryAfter).toBe(62_000);
    // A failure that is none of limits has nothing to do with them.
    const whole = { ...headers, "x-ratelimit-remaining-tokens": "3" };
    expect(failureOf({ status: 429, headers: whole }).retryAfter).toBe(undefined);
    expect(failureOf({ status: 429, headers: whole, error: { type: "tokens" } }).retryAfter).toBe(62_000);
  });

  it("ends with circles", () => {
    const error = new Error("a") as Error & {
      cause?: unknown;
      errors?: unknown[];
      response?: unknown;
      error?: unknown;
    };
    error.cause = { cause: error, lastError: error };
    error.errors = [error];
    error.response = error;
    error.error = error;
    expect(failureOf(error)).toMatchObject({ failure: "server", message: "a" });
  });

  it("never throws, whatever it is given", () => {
    const keys = fc.constantFrom(
      "status",
      "statusCode",
      "code",
      "name",
      "message",
      "error",
      "cause",
      "headers",
      "response",
      "errors",
      "lastError",
      "data",
      "responseBody",
      "retryAfter",
      "constructor",
      "type",
      "isRetryable",
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: "small" },
        fc.anything({ withNullPrototype: true, withDate: true, withMap: true }),
        fc.dictionary(keys, tie("tree")),
        fc.array(tie("tree"), { maxLength: 3 }),
      ),
    }));
    const failures = ["rate-limit", "quota", "overloaded", "server", "timeout", "network", "malformed", "refused"];
    fc.assert(
      fc.property(tree, (value) => {
        const { failure, message, retryAfter } = failureOf(value);
        expect(failures).toContain(failure);
        expect(typeof message).toBe("string");
        expect(message.length).toBeLessThanOrEqual(401);
        expect(retryAfter ?? 0).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 300 },
    );
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error("no");
        },
        has: () => {
          throw new Error("no");
        },
      },
    );
    expect(failureOf(hostile)).toMatchObject({ failure: "server" });
  });
});

/** A port that nobody listens at. */
async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => void listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  await new Promise<void>((resolve) => void listener.close(() => resolve()));
  return port;
}
