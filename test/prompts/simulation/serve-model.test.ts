import { expect, it } from "vitest";
import { serveModel } from "manyhands/prompts";
import { chat } from "../../../dist/prompts/simulation/chat.js";
import { Simulation } from "../../../dist/prompts/simulation/simulation.js";
import { resolveSettings } from "../../../dist/prompts/simulation/simulation-options.js";
import { chatBody, errorOf, post, serve, textOf } from "./ask.js";

it("answers a chat as OpenAI does, and says that it is simulated", async () => {
  const model = await serve();
  const response = await post(model, chatBody("Why is the sky blue?"));
  expect(response.status).toBe(200);
  expect(response.headers.get("x-simulated")).toBe("true");
  expect(response.headers.get("x-request-id")).toMatch(/^req_/);
  const body = (await response.json()) as { choices: { message: { content: string } }[] };
  const text = body.choices[0]!.message.content;
  expect(text).toMatch(/^\[simulated\] .*Why is the sky blue\?/);
  const output = Math.ceil(text.length / 4);
  expect(body).toMatchObject({
    object: "chat.completion",
    model: "any",
    system_fingerprint: "simulated",
    choices: [{ index: 0, message: { role: "assistant", refusal: null }, logprobs: null, finish_reason: "stop" }],
    usage: { prompt_tokens: 5, completion_tokens: output, total_tokens: 5 + output },
  });
  expect(model.stats()).toEqual({
    requests: 1,
    answered: 1,
    inFlight: 0,
    mostInFlight: 1,
    statuses: { 200: 1 },
    aborted: 0,
    faults: 0,
    tokens: { input: 5, output },
    byKey: {},
  });
});

it("gives each prompt an answer of its own, the same for the same seed", async () => {
  const [first, second, other] = [await serve(), await serve(), await serve({ seed: 2 })];
  const prompts = Array.from({ length: 12 }, (_, index) => `Prompt number ${index}, please`);
  const answers = (model: typeof first): Promise<string[]> =>
    Promise.all(prompts.map(async (prompt) => textOf(await post(model, chatBody(prompt)))));
  const texts = await answers(first);
  expect(await answers(second)).toEqual(texts);
  expect(await answers(other)).not.toEqual(texts);
  for (const [index, text] of texts.entries()) expect(text).toContain(prompts[index]);
  expect(new Set(texts.map(({ length }) => length)).size).toBeGreaterThan(5);
});

it("takes as long as is drawn for a prompt", () => {
  const latencies = (seed: number): number[] => {
    const simulation = new Simulation(resolveSettings({ latency: [20, 60], seed }));
    const account = simulation.accountOf(undefined);
    return Array.from({ length: 200 }, (_, number) => {
      const question = chat.read(chatBody(`prompt ${number}`) as Record<string, unknown>);
      return simulation.judge(chat, question, account, number).latency;
    });
  };
  const drawn = latencies(1);
  expect(latencies(1)).toEqual(drawn);
  expect(latencies(2)).not.toEqual(drawn);
  expect(Math.min(...drawn)).toSatisfy((least: number) => least >= 20 && least < 25);
  expect(Math.max(...drawn)).toSatisfy((most: number) => most > 55 && most <= 60);
});

it("cuts an answer where its most tokens end, and says so", async () => {
  const model = await serve({ outputTokens: 100 });
  for (const name of ["max_tokens", "max_completion_tokens"]) {
    const response = await post(model, chatBody("A question", { [name]: 7 }));
    const body = (await response.json()) as { choices: { message: { content: string } }[]; usage: object };
    expect(body.choices[0]).toMatchObject({ finish_reason: "length" });
    expect(body.choices[0]!.message.content).toHaveLength(28);
    expect(body.usage).toMatchObject({ completion_tokens: 7 });
  }
});

it("lets a function answer, whose errors it answers too", async () => {
  const model = await serve({
    answer: ({ prompt, endpoint, messages }) => {
      if (prompt === "fail") throw new Error("out of ideas");
      if (prompt === "count") return 5 as unknown as string;
      return `${endpoint} ${messages.length} ${prompt}`;
    },
  });
  const messages = [
    { role: "system", content: "Be short" },
    { role: "user", content: [{ type: "text", text: "Hello" }] },
  ];
  expect(await textOf(await post(model, { model: "m", messages }))).toBe("chat 2 Hello");
  const failed = await post(model, chatBody("fail"));
  expect(failed.status).toBe(500);
  expect(await errorOf(failed)).toMatchObject({ message: "Cannot answer as 'answer' has failed: out of ideas" });
  expect(await errorOf(await post(model, chatBody("count")))).toMatchObject({
    message: "Cannot answer as 'answer' has failed: it must return a string: current value is 5",
  });
});

it.each<[unknown, object]>([
  ["{", { param: null, code: null }],
  ["[]", { param: null }],
  [{ messages: [] }, { message: "you must provide a model parameter" }],
  [{ model: "m" }, { message: "Missing required parameter: 'messages'.", param: "messages" }],
  [
    { model: "m", messages: "hi" },
    { param: "messages", code: "invalid_type" },
  ],
  [
    { model: "m", messages: [] },
    { param: "messages", code: "empty_array" },
  ],
  [
    { model: "m", messages: [null] },
    { param: "messages[0]", code: "invalid_type" },
  ],
  [
    { model: "m", messages: [{ content: "hi" }] },
    { param: "messages[0].role", code: "missing_required_parameter" },
  ],
  [chatBody("hi", { max_tokens: 0 }), { param: "max_tokens", code: "integer_below_min_value" }],
  [chatBody("hi", { max_tokens: "9" }), { param: "max_tokens", code: "invalid_type" }],
])("refuses the body %j as OpenAI does", async (body, error) => {
  const response = await post(await serve(), body);
  expect(response.status).toBe(400);
  expect(await errorOf(response)).toMatchObject({ type: "invalid_request_error", ...error });
});

it("has the paths of the real ones, with and without the version, and none else", async () => {
  const model = await serve();
  const root = model.url.replace(/\/v1$/, "");
  const get = (path: string): Promise<Response> => fetch(root + path);
  expect(await (await get("/")).text()).toContain("simulated");
  expect(await (await get("/v1/models")).json()).toMatchObject({ object: "list", data: [{ object: "model" }] });
  expect(await (await get("/models/gpt-9")).json()).toMatchObject({ id: "gpt-9" });
  const unversioned = await fetch(`${root}/chat/completions?x=1`, {
    method: "POST",
    body: JSON.stringify(chatBody("x")),
  });
  expect(unversioned.status).toBe(200);
  expect(await (await get("/stats")).json()).toEqual(model.stats());
  expect((await get("/v1/chat/completions")).status).toBe(405);
  expect((await get("/v1/nothing")).status).toBe(404);
  expect((await post(model, {}, { path: "/nothing" })).status).toBe(405);
  expect((await get("/v1/models/%")).status).toBe(200);
});

it.each<[object, string]>([
  [{ rmp: 5 }, "Cannot set 'serveModel.rmp' as there is no such option: did you mean 'rpm'?"],
  [{ rpm: 0 }, "Cannot set 'rpm' as it must be a positive integer: current value is 0"],
  [{ port: 70_000 }, "Cannot set 'port' as it must be an integer from 0 to 65535: current value is 70000"],
  [{ latency: -1 }, "Cannot set 'latency' as it must be a number of ms from 0"],
  [{ latency: [5, 1] }, "Cannot set 'latency' as its least must not be above its most"],
  [{ latency: [5] }, "Cannot set 'latency' as it must be a number or [least, most]"],
  [{ outputTokens: 0 }, "Cannot set 'outputTokens' as it must be a positive integer: current value is 0"],
  [{ outputTokens: Number.POSITIVE_INFINITY }, "Cannot set 'outputTokens' as it must be a finite number"],
  [{ window: 0 }, "Cannot set 'window' as it must be above 0: current value is 0"],
  [{ faults: 2 }, "Cannot set 'faults' as it must be a share from 0 to 1: current value is 2"],
  [{ faultKinds: [] }, "Cannot set 'faultKinds' as it must list at least one"],
  [{ faultKinds: ["rest"] }, "did you mean 'reset'?"],
  [{ enforce: "window", burst: 0.5 }, "Cannot set 'burst' as a window has none: current value is 0.5"],
  [{ retryAfter: "second" }, "did you mean 'seconds'?"],
  [{ keys: {} }, "Cannot set 'keys' as it must name at least one key"],
  [{ keys: { "sk-secret": { rmp: 1 } } }, "Cannot set 'keys[0].rmp' as there is no such option: did you mean 'rpm'?"],
  [{ answer: "yes" }, "Cannot set 'answer' as it must be a function: current value is 'yes'"],
  [{ host: 1 }, "Cannot set 'host' as it must be a name or an address: current value is 1"],
])("refuses the options %j", async (options, message) => {
  await expect(serveModel(options)).rejects.toThrow(message);
});

it("says that a port is taken", async () => {
  const model = await serve();
  const port = Number(new URL(model.url).port);
  await expect(serveModel({ port })).rejects.toThrow(`Cannot listen on 127.0.0.1:${port} as the port is taken`);
});
