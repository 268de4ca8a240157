import fc from "fast-check";
import { anthropic, ModelError, type ModelRequest, openai } from "manyhands/prompts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attempt, chatCompletion, event, json, rejection, stream, WireServer } from "../wire-server.js";

const MESSAGES = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Hello" },
] as const;

let server: WireServer;
let provider: ReturnType<typeof openai>;
let claude: ReturnType<typeof anthropic>;
beforeAll(async () => {
  server = await WireServer.start(json(200, {}));
  provider = openai({ model: "m", baseURL: server.url, apiKey: "k" });
  claude = anthropic({ model: "c", baseURL: server.url, apiKey: "k" });
});
afterAll(async () => {
  await provider.close?.();
  await claude.close?.();
  await server[Symbol.asyncDispose]();
});

type Provider = typeof provider;

/** Asks, and tells what was sent. */
async function sent(by: Provider, request: ModelRequest): Promise<unknown> {
  await by.send(request, attempt(by)).catch(() => {});
  return server.received.at(-1);
}

/** Streams an answer, and tells its pieces too. */
async function streamed(
  by: Provider,
  request: ModelRequest,
): Promise<{ pieces: string[]; answer: Awaited<ReturnType<Provider["send"]>> }> {
  const pieces: string[] = [];
  const answer = await by.send(request, attempt(by, { onText: (piece) => void pieces.push(piece) }));
  return { pieces, answer };
}

describe("chat completions", () => {
  it("are asked for", async () => {
    expect(await sent(provider, { messages: MESSAGES, maxTokens: 9, temperature: 0 })).toMatchObject({
      url: "/v1/chat/completions",
      body: { model: "m", messages: MESSAGES, max_tokens: 9, temperature: 0 },
    });
    const body = { messages: [], seed: 1, model: "other" };
    // What the body says wins, and nothing is added to it.
    expect(await sent(provider, { messages: MESSAGES, body })).toMatchObject({ body: { ...body } });
    expect(Object.keys(server.received.at(-1)!.body).toSorted()).toEqual(["messages", "model", "seed"]);
  });

  it("are read", async () => {
    const body = chatCompletion("hi");
    server.answer = json(200, body);
    expect(await provider.send({ messages: MESSAGES }, attempt(provider))).toEqual({
      text: "hi",
      usage: { input: 5, output: 2, cached: 3 },
      finishReason: "stop",
      model: "m-1",
      body,
    });
  });

  it.each([
    ["a refusal", { message: { content: null, refusal: "no" } }, "no"],
    ["calls of tools", { message: { content: null, tool_calls: [{}] } }, ""],
    [
      "parts",
      {
        message: {
          content: [
            { type: "text", text: "a" },
            { type: "text", text: "b" },
          ],
        },
      },
      "ab",
    ],
  ])("are read with %s", async (_, choice, text) => {
    server.answer = json(200, { choices: [choice] });
    expect(await provider.send({}, attempt(provider))).toMatchObject({ text, usage: undefined });
  });

  it("fail for an error that comes with a 200", async () => {
    server.answer = json(200, { error: { message: "no capacity", code: 429 } });
    expect(await rejection(provider.send({}, attempt(provider)))).toMatchObject({ failure: "rate-limit", status: 429 });
    server.answer = json(200, { error: { message: "no", code: "insufficient_quota" } });
    expect(await rejection(provider.send({}, attempt(provider)))).toMatchObject({ failure: "quota" });
    server.answer = json(200, { error: "the model is loading" });
    const loading = { failure: "server", message: expect.stringContaining("the model is loading") as string };
    expect(await rejection(provider.send({}, attempt(provider)))).toMatchObject(loading);
    server.answer = stream(chunk({ content: "half" }), event({ error: "the model is loading" }), DONE);
    expect(await rejection(provider.send({}, attempt(provider)))).toMatchObject(loading);
  });

  it("tell nothing of their tokens where the number cannot be", async () => {
    server.answer = json(200, chatCompletion("hi", { usage: { prompt_tokens: 1e300, completion_tokens: 1 } }));
    expect((await provider.send({}, attempt(provider))).usage).toBeUndefined();
  });
});

const chunk = (delta: unknown, more: object = {}): string =>
  event({
    id: "c1",
    object: "chat.completion.chunk",
    created: 1,
    model: "m-1",
    choices: [{ index: 0, delta, finish_reason: null, ...more }],
  });
const USAGE = event({ id: "c1", choices: [], usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 } });
const DONE = event("[DONE]");

describe("streams of chat completions", () => {
  it("amount to a whole response", async () => {
    server.answer = stream(
      chunk({ role: "assistant", content: "" }),
      chunk({ content: "he" }),
      chunk({ content: "llo" }),
      chunk({ tool_calls: [{ index: 0, id: "t", type: "function", function: { name: "f", arguments: '{"a"' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: ":1}" } }] }),
      chunk({}, { finish_reason: "stop" }),
      USAGE,
      DONE,
    );
    const { pieces, answer } = await streamed(provider, { messages: MESSAGES });
    expect(pieces).toEqual(["he", "llo"]);
    expect(answer).toMatchObject({ text: "hello", usage: { input: 5, output: 2 }, finishReason: "stop", model: "m-1" });
    const call = { id: "t", type: "function", function: { name: "f", arguments: '{"a":1}' } };
    expect(answer.body).toMatchObject({
      id: "c1",
      object: "chat.completion",
      choices: [{ message: { role: "assistant", content: "hello", tool_calls: [call] } }],
    });
    expect(server.received.at(-1)!.body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
  });

  it("read the same wherever the bytes are split", async () => {
    const whole = Buffer.from(
      chunk({ content: "ä€" }) + chunk({ content: "😀" }, { finish_reason: "stop" }) + USAGE + DONE,
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: whole.length - 1 }), async (cut) => {
        server.answer = (response) => {
          response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
          response.write(whole.subarray(0, cut), () => response.end(whole.subarray(cut)));
        };
        const { pieces, answer } = await streamed(provider, {});
        expect(pieces).toEqual(["ä€", "😀"]);
        expect(answer).toMatchObject({ text: "ä€😀", usage: { input: 5, output: 2 } });
      }),
      { numRuns: 10 },
    );
  });

  it("are not waited for after their end", async () => {
    server.answer = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(chunk({ content: "a" }) + DONE + chunk({ content: "b" })); // And nothing more, for ever.
    };
    expect((await streamed(provider, {})).answer.text).toBe("a");
  });

  it("may leave out the mark of their end, once each text has ended", async () => {
    server.answer = stream(chunk({ content: "a" }, { finish_reason: "length" }));
    expect((await streamed(provider, {})).answer).toMatchObject({ text: "a", finishReason: "length" });
  });

  it.each([
    ["ends before its end", stream(chunk({ content: "a" })), "network"],
    ["ends within an event", stream(chunk({ content: "a" }), 'data: {"id":'), "network"],
    ["is empty", stream(), "network"],
    ["holds what is no JSON", stream("data: {x\n\n", DONE), "malformed"],
    [
      "holds an error",
      stream(chunk({ content: "a" }), event({ error: { message: "x", type: "server_error" } })),
      "server",
    ],
    ["holds an error with a status", stream(event({ error: { message: "slow", code: 429 } })), "rate-limit"],
  ])("fail where one %s", async (_, answer, failure) => {
    server.answer = answer;
    const error = await rejection(streamed(provider, {}));
    expect(error).toBeInstanceOf(ModelError);
    expect(error).toMatchObject({ failure });
  });

  it("break where the connection does, and where who listens throws", async () => {
    server.answer = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(chunk({ content: "a" }), () => response.destroy());
    };
    expect(await rejection(streamed(provider, {}))).toMatchObject({ failure: "network" });
    server.answer = stream(chunk({ content: "a" }), DONE);
    const own = new SyntaxError("own");
    const onText = (): void => {
      throw own;
    };
    expect(await rejection(provider.send({}, attempt(provider, { onText })))).toBe(own);
  });

  it("may be answered as a whole by servers that have none", async () => {
    server.answer = json(200, chatCompletion("hi"));
    expect((await streamed(provider, {})).pieces).toEqual(["hi"]);
  });
});

const RESPONSE = {
  id: "r",
  object: "response",
  status: "completed",
  error: null,
  incomplete_details: null,
  model: "m-1",
  output: [
    { type: "reasoning", summary: [] },
    {
      type: "message",
      role: "assistant",
      content: [
        { type: "output_text", text: "he" },
        { type: "output_text", text: "llo" },
      ],
    },
  ],
  usage: { input_tokens: 4, output_tokens: 3, input_tokens_details: { cached_tokens: 1 } },
};

describe("responses", () => {
  const request = { messages: MESSAGES, endpoint: "responses", maxTokens: 7 } as const;

  it("are asked for and read", async () => {
    server.answer = json(200, RESPONSE);
    expect(await provider.send(request, attempt(provider))).toEqual({
      text: "hello",
      usage: { input: 4, output: 3, cached: 1 },
      finishReason: "completed",
      model: "m-1",
      body: RESPONSE,
    });
    expect(server.received.at(-1)).toMatchObject({
      url: "/v1/responses",
      body: { model: "m", input: MESSAGES, max_output_tokens: 7 },
    });
  });

  it("say why they end early, and fail where they failed", async () => {
    server.answer = json(200, {
      ...RESPONSE,
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
    });
    expect(await provider.send(request, attempt(provider))).toMatchObject({ finishReason: "max_output_tokens" });
    server.answer = json(200, { ...RESPONSE, status: "failed", error: { code: "server_error", message: "oops" } });
    expect(await rejection(provider.send(request, attempt(provider)))).toMatchObject({
      failure: "server",
      modelCode: "server_error",
    });
    server.answer = json(200, { ...RESPONSE, status: "failed" });
    expect(await rejection(provider.send(request, attempt(provider)))).toMatchObject({ failure: "malformed" });
  });

  it("are streamed", async () => {
    const delta = (piece: string): string =>
      event({ type: "response.output_text.delta", delta: piece }, "response.output_text.delta");
    const begun = event({ type: "response.created", response: { status: "in_progress" } });
    server.answer = stream(begun, delta("he"), delta("llo"), event({ type: "response.completed", response: RESPONSE }));
    const { pieces, answer } = await streamed(provider, request);
    expect(pieces).toEqual(["he", "llo"]);
    expect(answer).toMatchObject({ text: "hello", body: RESPONSE });
    server.answer = stream(begun, delta("he"));
    expect(await rejection(streamed(provider, request))).toMatchObject({ failure: "network" });
    server.answer = stream(begun, event({ type: "error", code: "rate_limit_exceeded", message: "slow down" }));
    expect(await rejection(streamed(provider, request))).toMatchObject({
      failure: "rate-limit",
      modelCode: "rate_limit_exceeded",
    });
  });
});

describe("embeddings", () => {
  const request = { input: ["a", "b"], endpoint: "embeddings" } as const;
  const base64 = (...values: number[]): string => Buffer.from(new Float32Array(values).buffer).toString("base64");
  const list = (...data: unknown[]): object => ({
    object: "list",
    data,
    model: "e",
    usage: { prompt_tokens: 3, total_tokens: 3 },
  });

  it("are asked for and read, in either form and any order", async () => {
    server.answer = json(200, list({ index: 1, embedding: base64(0.5, -2) }, { index: 0, embedding: [1, 2] }));
    expect(await provider.send(request, attempt(provider))).toMatchObject({
      text: "",
      embeddings: [
        [1, 2],
        [0.5, -2],
      ],
      usage: { input: 3, output: 0 },
    });
    expect(server.received.at(-1)).toMatchObject({
      url: "/v1/embeddings",
      body: { model: "m", input: ["a", "b"], encoding_format: "base64" },
    });
    await provider.send({ input: ["a", "b"] }, attempt(provider));
    expect(server.received.at(-1)).toMatchObject({ url: "/v1/embeddings" });
    const body = { input: "x" };
    server.answer = json(200, list({ index: 0, embedding: [1] }));
    await provider.send({ endpoint: "embeddings", body }, attempt(provider));
    expect(server.received.at(-1)!.body).toEqual({ model: "m", input: "x" });
  });

  it.each([
    ["one too few", [{ index: 0, embedding: [1] }]],
    [
      "one twice",
      [
        { index: 0, embedding: [1] },
        { index: 0, embedding: [1] },
      ],
    ],
    [
      "one of letters",
      [
        { index: 0, embedding: [1] },
        { index: 1, embedding: "abc" },
      ],
    ],
    ["one of nothing", [{ index: 0, embedding: [1] }, { index: 1 }]],
  ])("fail as malformed with %s", async (_, data) => {
    server.answer = json(200, list(...data));
    expect(await rejection(provider.send(request, attempt(provider)))).toMatchObject({ failure: "malformed" });
  });
});

describe("Anthropic's messages", () => {
  const MESSAGE = {
    id: "msg",
    type: "message",
    role: "assistant",
    model: "c-1",
    content: [{ type: "text", text: "hello" }],
    stop_reason: "end_turn",
    usage: { input_tokens: 4, output_tokens: 3, cache_creation_input_tokens: 10, cache_read_input_tokens: 100 },
  };

  it("are asked for and read", async () => {
    server.answer = json(200, MESSAGE);
    const messages = [...MESSAGES, { role: "system", content: "In English." }] as const;
    expect(await claude.send({ messages }, attempt(claude))).toEqual({
      text: "hello",
      usage: { input: 114, output: 3, cached: 100 },
      finishReason: "end_turn",
      model: "c-1",
      body: MESSAGE,
    });
    expect(server.received.at(-1)).toMatchObject({
      url: "/v1/messages",
      headers: { "x-api-key": "k", "anthropic-version": "2023-06-01" },
      body: { model: "c", max_tokens: 4096, system: "Be brief.\n\nIn English.", messages: [MESSAGES[1]] },
    });
    expect(server.received.at(-1)!.headers.authorization).toBe(undefined);
  });

  it("are streamed", async () => {
    const named = (data: { readonly type: string; readonly [field: string]: unknown }): string =>
      event(data, data.type);
    const begun = named({
      type: "message_start",
      message: { ...MESSAGE, content: [], stop_reason: null, usage: { input_tokens: 4, output_tokens: 1 } },
    });
    const text = (piece: string): string =>
      named({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: piece } });
    server.answer = stream(
      begun,
      named({ type: "ping" }),
      named({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
      text("he"),
      text("llo"),
      named({
        type: "content_block_start",
        index: 1,
        content_block: { type: "tool_use", id: "t", name: "f", input: {} },
      }),
      named({ type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: '{"a":' } }),
      named({ type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: "1}" } }),
      named({ type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 9 } }),
      named({ type: "message_stop" }),
    );
    const { pieces, answer } = await streamed(claude, { messages: MESSAGES });
    expect(pieces).toEqual(["he", "llo"]);
    expect(answer).toMatchObject({ text: "hello", usage: { input: 4, output: 9 }, finishReason: "tool_use" });
    expect(answer.body).toMatchObject({
      content: [
        { type: "text", text: "hello" },
        { type: "tool_use", input: { a: 1 } },
      ],
    });
    server.answer = stream(begun, named({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } }));
    expect(await rejection(streamed(claude, {}))).toMatchObject({
      failure: "overloaded",
      modelCode: "overloaded_error",
    });
    server.answer = stream(begun);
    expect(await rejection(streamed(claude, {}))).toMatchObject({ failure: "network" });
  });

  it("have no other endpoint beside them", async () => {
    expect(await rejection(claude.send({ endpoint: "chat" }, attempt(claude)))).toMatchObject({
      failure: "refused",
      message: "Cannot ask 'c' as anthropic has the endpoints 'messages': current value is 'chat'",
    });
  });
});
