import {
  batchAnswerLine,
  batchFailureLine,
  isBatchLine,
  ModelError,
  type ModelRequest,
  openai,
  readBatchLine,
} from "manyhands/prompts";
import { expect, it } from "vitest";
import { attempt, chatCompletion, json, rejection, WireServer } from "./wire-server.js";

const BODY = { model: "gpt-x", messages: [{ role: "user", content: "x" }], seed: 1 };
const LINE = { custom_id: "a", method: "POST", url: "/v1/chat/completions", body: BODY };

it.each([
  ["/v1/chat/completions", "chat"],
  ["/chat/completions/", "chat"],
  ["https://api.openai.com/v1/chat/completions", "chat"],
  ["/v1/responses", "responses"],
  ["/v1/embeddings", "embeddings"],
  ["/v1/messages", "messages"],
])("a line for %s is a request for %s", (url, endpoint) => {
  expect(readBatchLine({ ...LINE, url })).toEqual({ customId: "a", request: { endpoint, model: "gpt-x", body: BODY } });
});

it("a line of Anthropic's is a request for messages", () => {
  expect(readBatchLine({ custom_id: "a", params: BODY })).toEqual({
    customId: "a",
    request: { endpoint: "messages", model: "gpt-x", body: BODY },
  });
});

it.each([
  [LINE, true],
  [{ custom_id: "a", params: {} }, true],
  [{ prompt: "x" }, false],
  [{ custom_id: "a", prompt: "x" }, false],
  ["x", false],
  [null, false],
])("%j is meant as a line of a batch: %s", (value, expected) => {
  expect(isBatchLine(value)).toBe(expected);
});

it.each([
  ["x", "it must be an object: current value is 'x'"],
  [{ ...LINE, custom_id: 5 }, "'custom_id' must be a text: current value is 5"],
  [{ ...LINE, method: "GET" }, "'method' must be 'POST': current value is 'GET'"],
  [{ ...LINE, body: [] }, "'body' must be an object: current value is []"],
  [
    { ...LINE, url: "/v1/completions" },
    "'url' must be one of '/v1/chat/completions', '/v1/responses', '/v1/embeddings', '/v1/messages': current value is '/v1/completions'",
  ],
  [{ ...LINE, url: "/constructor" }, "'url' must be one of"],
  [{ ...LINE, url: undefined }, "'url' must be one of"],
])("%j is refused", (value, problem) => {
  expect(() => readBatchLine(value)).toThrow(`Cannot read a line of a batch as ${problem}`);
});

it("a line is sent as it is, and answered as the server answers", async () => {
  await using server = await WireServer.start(json(200, chatCompletion("hi")));
  const provider = openai({ model: "other", baseURL: server.url });
  const { customId, request } = readBatchLine(LINE);
  const line = batchAnswerLine(customId, await provider.send(request, attempt(provider)));
  expect(server.received[0]!.body).toEqual(BODY);
  const id = expect.stringMatching(/^batch_req_[0-9a-f]{24}$/) as string;
  expect(line).toEqual({
    id,
    custom_id: "a",
    response: { status_code: 200, request_id: line.id, body: chatCompletion("hi") },
    error: null,
  });
  expect(batchAnswerLine("a", { body: {} } as never).id).toBe(line.id);
  expect(batchAnswerLine("b", { body: {} } as never).id).not.toBe(line.id);
  server.answer = json(400, { error: { message: "no", code: "bad" } }, { "x-request-id": "req_1" });
  const error = await rejection(provider.send(request as ModelRequest, attempt(provider)));
  expect(batchFailureLine("a", error)).toEqual({
    id,
    custom_id: "a",
    response: {
      status_code: 400,
      request_id: "req_1",
      body: {
        error: {
          message: "Cannot ask 'gpt-x' as the server answered 400 (bad): no",
          type: "refused",
          param: null,
          code: "bad",
        },
      },
    },
    error: null,
  });
  await provider.close?.();
});

it("a failure without a response is an error", () => {
  const error = new ModelError("late", { failure: "timeout" });
  expect(batchFailureLine("a", error)).toMatchObject({
    custom_id: "a",
    response: null,
    error: { code: "timeout", message: "late" },
  });
  expect(batchFailureLine("a", { status: 429 })).toMatchObject({
    response: { status_code: 429, body: { error: { type: "rate_limit", code: null } } },
  });
});
