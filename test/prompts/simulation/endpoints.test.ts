import OpenAI from "openai";
import { expect, it } from "vitest";
import type { SimulatedModel } from "manyhands/prompts";
import { chatBody, errorOf, post, serve } from "./ask.js";

function clientOf(model: SimulatedModel): OpenAI {
  return new OpenAI({ baseURL: model.url, apiKey: "simulated", maxRetries: 0 });
}

const messages = [{ role: "user" as const, content: "Why is the sky blue?" }];

it("speaks chat to the official client, streamed or not", async () => {
  const client = clientOf(await serve());
  const whole = await client.chat.completions.create({ model: "m", messages });
  const stream = await client.chat.completions.create({
    model: "m",
    messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const deltas = chunks.map(({ choices }) => choices[0]?.delta.content ?? "");
  expect(deltas.join("")).toBe(whole.choices[0]!.message.content);
  expect(deltas.length).toBeGreaterThan(5);
  expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe("stop");
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
});

it("speaks responses to the official client, streamed or not", async () => {
  const client = clientOf(await serve());
  const whole = await client.responses.create({ model: "m", input: messages[0]!.content, instructions: "Be short" });
  expect(whole).toMatchObject({ object: "response", status: "completed", usage: { input_tokens: 8 } });
  expect(whole.output_text).toContain(messages[0]!.content);
  const stream = client.responses.stream({ model: "m", input: messages, instructions: "Be short" });
  const numbers: number[] = [];
  for await (const event of stream) numbers.push(event.sequence_number);
  expect(numbers).toEqual(numbers.map((_, index) => index));
  expect((await stream.finalResponse()).output_text).toBe(whole.output_text);
  const cut = await client.responses.create({ model: "m", input: "Hello", max_output_tokens: 3 });
  expect(cut).toMatchObject({ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } });
});

it("gives JSON that fits the schema it is asked for", async () => {
  const client = clientOf(await serve({ outputTokens: 4 }));
  const text = { type: ["string", "null"] };
  const schema = {
    type: "object",
    properties: {
      summary: text,
      label: { enum: ["good", "bad"] },
      score: { type: "integer", minimum: 3 },
      parts: { type: "array", items: { $ref: "#/$defs/part" } },
    },
    $defs: { part: { anyOf: [{ type: "null" }, { type: "object", properties: { next: { $ref: "#/$defs/part" } } }] } },
  };
  const asked = await client.chat.completions.create({
    model: "m",
    messages,
    response_format: { type: "json_schema", json_schema: { name: "summary", schema } },
  });
  const value = JSON.parse(asked.choices[0]!.message.content!) as { label: string };
  expect(value).toMatchObject({ score: 3, parts: [{ next: {} }] });
  expect(value).toHaveProperty("summary", expect.stringMatching(/^\[simulated\]/));
  expect(["good", "bad"]).toContain(value.label);
  const format = { type: "json_schema" as const, name: "summary", schema };
  const response = await client.responses.create({ model: "m", input: messages[0]!.content, text: { format } });
  expect(JSON.parse(response.output_text)).toEqual(value);
  const names = Array.from({ length: 50 }, (_, index) => [`n${index}`, { $ref: "#" }]);
  const endless = { type: "object", properties: Object.fromEntries(names) as object };
  const bounded = await client.responses.create({
    model: "m",
    input: "x",
    text: { format: { ...format, schema: endless as Record<string, unknown> } },
  });
  expect(Object.keys(JSON.parse(bounded.output_text) as object)).toHaveLength(50);
  const any = await client.chat.completions.create({ model: "m", messages, response_format: { type: "json_object" } });
  expect(JSON.parse(any.choices[0]!.message.content!)).toMatchObject({ simulated: true });
});

it("embeds for the official client, which asks for base64, and as numbers", async () => {
  const client = clientOf(await serve());
  const input = ["red apples", "green apples", "an index of a database"];
  const { data, usage } = await client.embeddings.create({ model: "m", input });
  expect(usage).toEqual({ prompt_tokens: 12, total_tokens: 12 });
  const vectors = data.map(({ embedding }) => embedding);
  expect(vectors.map(({ length }) => length)).toEqual([1536, 1536, 1536]);
  const likeness = (a: number[], b: number[]): number => a.reduce((sum, value, index) => sum + value * b[index]!, 0);
  expect(likeness(vectors[0]!, vectors[0]!)).toBeCloseTo(1, 5);
  expect(likeness(vectors[0]!, vectors[1]!)).toBeGreaterThan(likeness(vectors[0]!, vectors[2]!));
  const numbers = await client.embeddings.create({ model: "m", input: input[0]!, encoding_format: "float" });
  expect(numbers.data[0]!.embedding).toEqual(vectors[0]);
  const tokens = await client.embeddings.create({ model: "m", input: [[1, 2, 3], [4]], dimensions: 8 });
  expect(tokens.usage.prompt_tokens).toBe(4);
  expect(tokens.data[1]!.embedding).toHaveLength(8);
});

it("gives the official client errors that it knows", async () => {
  const limited = clientOf(await serve({ rpm: 1 }));
  expect((await limited.models.list()).data).toHaveLength(1);
  await limited.chat.completions.create({ model: "m", messages });
  const refused = limited.chat.completions.create({ model: "m", messages });
  await expect(refused).rejects.toBeInstanceOf(OpenAI.RateLimitError);
  await expect(refused).rejects.toMatchObject({ status: 429, code: "rate_limit_exceeded", type: "requests" });
  const empty = clientOf(await serve({ quota: 0 }));
  await expect(empty.chat.completions.create({ model: "m", messages })).rejects.toMatchObject({
    code: "insufficient_quota",
  });
});

it("speaks messages as Anthropic does, streamed or not", async () => {
  const model = await serve({ rpm: 600, tpm: 60_000 });
  const ask = (more: object): Promise<Response> =>
    post(model, { model: "m", max_tokens: 200, system: "Be short", messages, ...more }, { path: "/messages" });
  const response = await ask({});
  expect(response.headers.get("anthropic-ratelimit-requests-limit")).toBe("600");
  expect(response.headers.get("anthropic-ratelimit-tokens-reset")).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  const whole = (await response.json()) as { content: { text: string }[]; usage: { output_tokens: number } };
  expect(whole).toMatchObject({
    type: "message",
    role: "assistant",
    content: [{ type: "text" }],
    stop_reason: "end_turn",
    usage: { input_tokens: 8 },
  });
  const events = (await (await ask({ stream: true })).text())
    .trim()
    .split("\n\n")
    .map((event) => /^event: (\S+)\ndata: (.*)$/.exec(event)!)
    .map(([, name, data]) => ({ name, data: JSON.parse(data!) as { type: string; delta?: { text?: string } } }));
  for (const { name, data } of events) expect(data.type).toBe(name);
  expect([...new Set(events.map(({ name }) => name))]).toEqual([
    "message_start",
    "content_block_start",
    "ping",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
  ]);
  expect(events.map(({ data }) => data.delta?.text ?? "").join("")).toBe(whole.content[0]!.text);
  expect(events.at(-2)?.data).toMatchObject({ usage: { output_tokens: whole.usage.output_tokens } });
});

it("refuses messages as Anthropic does", async () => {
  const body = { model: "m", max_tokens: 9, messages };
  const path = "/messages";
  const missing = await post(await serve(), { model: "m", messages }, { path });
  expect([missing.status, await errorOf(missing)]).toEqual([
    400,
    { type: "invalid_request_error", message: "max_tokens: Field required" },
  ]);
  const limited = await serve({ rpm: 1 });
  await post(limited, body, { path });
  const refused = await post(limited, body, { path });
  expect(refused.headers.get("retry-after")).toBe("60");
  expect([refused.status, (await errorOf(refused))["type"]]).toEqual([429, "rate_limit_error"]);
  const unknown = await post(await serve({ keys: { a: {} } }), body, { path, headers: { "x-api-key": "b" } });
  expect([unknown.status, (await errorOf(unknown))["type"]]).toEqual([401, "authentication_error"]);
  const broke = await post(await serve({ quota: 0 }), body, { path });
  expect(broke.status).toBe(400);
  expect((await errorOf(broke))["message"]).toMatch(/^Your credit balance is too low/);
});

it("streams as fast as it is told to", async () => {
  const model = await serve({ outputTokens: 40, tokensPerSecond: 200 });
  const startedAt = performance.now();
  const response = await post(model, chatBody("Slowly", { stream: true }));
  let parts = 0;
  for await (const _ of response.body!) parts += 1;
  // All but the last word must have waited for its time.
  expect(performance.now() - startedAt).toBeGreaterThan(150);
  expect(parts).toBeGreaterThan(1);
});
