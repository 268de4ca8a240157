import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embedMany, generateText } from "ai";
import { failureOf, type ModelRequest, type OwnAnswer, ownClient } from "manyhands/prompts";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attempt, chatCompletion, json, rejection, WireServer } from "../wire-server.js";

const REQUEST: ModelRequest = { messages: [{ role: "user", content: "x" }] };

let server: WireServer;
beforeAll(async () => {
  server = await WireServer.start(json(200, {}));
});
afterAll(() => server[Symbol.asyncDispose]());

const RATE = json(
  429,
  { error: { message: "slow", code: "rate_limit_exceeded" } },
  { "retry-after": "2", "x-ratelimit-remaining-requests": "0" },
);

/** Remembers the headers it is told. */
function listening(): {
  readonly seen: [status: number, remaining: string | null][];
  readonly onHeaders: (headers: unknown, status: number) => void;
} {
  const seen: [number, string | null][] = [];
  return {
    seen,
    onHeaders: (headers, status) =>
      void seen.push([status, new Headers(headers as Record<string, string>).get("x-ratelimit-remaining-requests")]),
  };
}

describe("ownClient with the package openai", () => {
  const client = (): OpenAI => new OpenAI({ apiKey: "k", baseURL: server.url, maxRetries: 0 });
  const asking = ownClient(
    (request, { signal }) =>
      client().chat.completions.create({ model: "m", messages: [...(request.messages ?? [])] }, { signal }),
    { name: "mine", model: "m" },
  );

  it("reads what it returns", async () => {
    server.answer = json(200, chatCompletion("hi"));
    const answer = await asking.send(REQUEST, attempt(asking));
    expect(answer).toMatchObject({
      text: "hi",
      usage: { input: 5, output: 2, cached: 3 },
      finishReason: "stop",
      model: "m-1",
    });
    expect(answer.body).toMatchObject({ object: "chat.completion" });
  });

  it("learns from headers, where it is given them and where it fails", async () => {
    const withHeaders = ownClient((_, { signal }) =>
      client().chat.completions.create({ model: "m", messages: [] }, { signal }).withResponse(),
    );
    server.answer = json(200, chatCompletion("hi"), { "x-ratelimit-remaining-requests": "8" });
    const { seen, onHeaders } = listening();
    expect((await withHeaders.send(REQUEST, attempt(withHeaders, { onHeaders }))).text).toBe("hi");
    server.answer = RATE;
    const error = await rejection(asking.send(REQUEST, attempt(asking, { onHeaders })));
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(failureOf(error)).toMatchObject({ failure: "rate-limit", retryAfter: 2000 });
    expect(seen).toEqual([
      [200, "8"],
      [429, "0"],
    ]);
  });

  it("reads responses and embeddings", async () => {
    const output = [{ type: "message", content: [{ type: "output_text", text: "hi" }] }];
    server.answer = json(200, { object: "response", output, usage: { input_tokens: 1, output_tokens: 2 } });
    const responding = ownClient(() => client().responses.create({ model: "m", input: "x" }));
    expect(await responding.send(REQUEST, attempt(responding))).toMatchObject({
      text: "hi",
      usage: { input: 1, output: 2 },
    });
    server.answer = json(200, {
      object: "list",
      data: [{ index: 0, embedding: Buffer.from(new Float32Array([0.5]).buffer).toString("base64") }],
      usage: { prompt_tokens: 1 },
    });
    const embedding = ownClient(({ input }) => client().embeddings.create({ model: "m", input: [...input!] }));
    expect(await embedding.send({ input: ["x"] }, attempt(embedding))).toMatchObject({ embeddings: [[0.5]] });
  });

  it("fails for an answer that is none", async () => {
    server.answer = json(200, { ...chatCompletion("hi"), choices: [] });
    expect(await rejection(asking.send(REQUEST, attempt(asking)))).toMatchObject({
      failure: "malformed",
      message: "Cannot read the answer of 'm' as the response has no 'choices'",
    });
    server.answer = json(200, { error: { message: "no capacity", code: 503 } });
    expect(await rejection(asking.send(REQUEST, attempt(asking)))).toMatchObject({
      failure: "overloaded",
      status: 503,
    });
  });
});

describe("ownClient with the AI SDK", () => {
  const compatible = (): ReturnType<typeof createOpenAICompatible> =>
    createOpenAICompatible({ name: "test", baseURL: server.url });
  const asking = ownClient((request, { signal }) =>
    generateText({
      model: compatible()("m"),
      prompt: String(request.messages?.[0]?.content),
      maxRetries: 0,
      abortSignal: signal,
    }),
  );

  it("reads what it returns, and learns from its headers", async () => {
    server.answer = json(200, chatCompletion("hi"), { "x-ratelimit-remaining-requests": "8" });
    const { seen, onHeaders } = listening();
    const answer = await asking.send(REQUEST, attempt(asking, { onHeaders }));
    expect(answer).toMatchObject({
      text: "hi",
      usage: { input: 5, output: 2, cached: 3 },
      finishReason: "stop",
      model: "m-1",
    });
    server.answer = RATE;
    expect(failureOf(await rejection(asking.send(REQUEST, attempt(asking, { onHeaders }))))).toMatchObject({
      failure: "rate-limit",
      status: 429,
      retryAfter: 2000,
    });
    expect(seen).toEqual([
      [200, "8"],
      [429, "0"],
    ]);
  });

  it("reads embeddings", async () => {
    server.answer = json(200, { data: [{ index: 0, embedding: [1, 2] }], usage: { prompt_tokens: 3 } });
    const embedding = ownClient(({ input }) =>
      embedMany({ model: compatible().textEmbeddingModel("m"), values: [...input!], maxRetries: 0 }),
    );
    expect(await embedding.send({ input: ["x"] }, attempt(embedding))).toMatchObject({
      text: "",
      embeddings: [[1, 2]],
      usage: { input: 3, output: 0 },
    });
  });

  it("gives up with the attempt, with its reason", async () => {
    server.answer = (): void => {};
    const late = new DOMException("late", "TimeoutError");
    const abort = new AbortController();
    const asked = rejection(asking.send(REQUEST, attempt(asking, { signal: abort.signal })));
    abort.abort(late);
    expect(await asked).toBe(late);
  });
});

describe("ownClient", () => {
  it("takes a text, and an object with one", async () => {
    const answers: OwnAnswer[] = ["a", { text: "b", usage: { input: 1, output: 2 }, finishReason: "stop" }];
    const provider = ownClient(() => answers.shift()!);
    expect(await provider.send(REQUEST, attempt(provider))).toEqual({
      text: "a",
      usage: undefined,
      finishReason: undefined,
      model: undefined,
      body: "a",
    });
    expect(await provider.send(REQUEST, attempt(provider))).toMatchObject({
      text: "b",
      usage: { input: 1, output: 2 },
    });
  });

  it("does not wait for what heeds no signal", async () => {
    const provider = ownClient(() => new Promise<string>(() => {}));
    const abort = new AbortController();
    const asked = rejection(provider.send(REQUEST, attempt(provider, { signal: abort.signal })));
    abort.abort("enough");
    expect(await asked).toBe("enough");
    expect(await rejection(provider.send(REQUEST, attempt(provider, { signal: AbortSignal.abort("no") })))).toBe("no");
  });

  it("streams what `send` tells, and else the whole", async () => {
    const pieces: string[] = [];
    const onText = (piece: string): void => void pieces.push(piece);
    const telling = ownClient((_, context) => {
      context.onText?.("a");
      context.onText?.("b");
      return "ab";
    });
    await telling.send(REQUEST, attempt(telling, { onText }));
    const silent = ownClient(() => "cd");
    await silent.send(REQUEST, attempt(silent, { onText }));
    expect(pieces).toEqual(["a", "b", "cd"]);
  });

  it("knows accounts, with whatever they hold", async () => {
    const accounts = [
      { name: "a", rpm: 5, key: 1 },
      { name: "b", key: 2 },
    ];
    const provider = ownClient((_, { account }) => `by ${account.key}`, { accounts });
    expect((await provider.send(REQUEST, attempt(provider, { account: provider.accounts[1]! }))).text).toBe("by 2");
    expect(ownClient(() => "x", { name: "mine" })).toMatchObject({
      name: "mine",
      model: "mine",
      accounts: [{ name: "mine" }],
    });
  });

  it.each([[undefined], [null], [5], [{}], [[]], [{ text: Promise.resolve("x") }]])(
    "refuses %j as an answer, which no retry would mend",
    async (value) => {
      const provider = ownClient(() => value as never);
      const error = await rejection(provider.send(REQUEST, attempt(provider)));
      expect(error).toBeInstanceOf(TypeError);
      expect(error).toMatchObject({
        message: expect.stringMatching(/^Cannot read what 'send' returned as it is neither a text, /) as string,
      });
      expect(failureOf(error).failure).toBe("refused");
    },
  );

  it("refuses options that are wrong", () => {
    const make =
      (options: object): (() => unknown) =>
      () =>
        ownClient(() => "", options);
    expect(() => ownClient("x" as never)).toThrow(
      "Cannot set 'ownClient.send' as it must be a function: current value is 'x'",
    );
    expect(make({ modle: 1 })).toThrow(
      "Cannot set 'ownClient.modle' as there is no such option: did you mean 'model'?",
    );
    expect(make({ name: "" })).toThrow("Cannot set 'ownClient.name' as it must be a text: current value is ''");
    expect(make({ accounts: [] })).toThrow("Cannot set 'ownClient.accounts' as it must be a list of at least one");
    expect(make({ accounts: [{ name: "a", tpm: -1 }] })).toThrow(
      "Cannot set 'ownClient.accounts[0].tpm' as it must be a number above 0",
    );
    expect(make({ close: 1 })).toThrow("Cannot set 'ownClient.close' as it must be a function");
  });
});
