import { describe, expect, it } from "vitest";
import { type PromptDefaults, promptReader } from "../../../dist/prompts/run/read-prompt.js";

const read = (item: unknown, defaults: PromptDefaults = {}): unknown => promptReader(defaults)(item);
const user = (content: string): object => ({ role: "user", content });

describe("an item", () => {
  it.each<[unknown, PromptDefaults, unknown]>([
    ["Hi", {}, { messages: [user("Hi")] }],
    [
      "Hi",
      { system: "Be brief", maxTokens: 5 },
      { messages: [{ role: "system", content: "Be brief" }, user("Hi")], maxTokens: 5 },
    ],
    [
      { prompt: "Hi", system: "Own", max_tokens: 9, temperature: 0, model: "m", id: 3 },
      { system: "Be brief", maxTokens: 5, temperature: 1 },
      { messages: [{ role: "system", content: "Own" }, user("Hi")], maxTokens: 9, temperature: 0, model: "m" },
    ],
    [
      { messages: [user("a"), { role: "assistant", content: "b" }] },
      {},
      { messages: [user("a"), { role: "assistant", content: "b" }] },
    ],
    [
      { messages: [{ role: "user", content: [{ type: "image_url" }] }], body: { top_p: 0.1 } },
      {},
      { body: { top_p: 0.1, messages: [{ role: "user", content: [{ type: "image_url" }] }] } },
    ],
    [{ input: ["a", "b"] }, {}, { input: ["a", "b"], endpoint: "embeddings" }],
    ["a", { endpoint: "embeddings", temperature: 1 }, { input: ["a"], endpoint: "embeddings" }],
    [{ input: "a" }, { endpoint: "responses" }, { messages: [user("a")], endpoint: "responses" }],
    [
      { custom_id: "x", method: "POST", url: "/v1/chat/completions", body: { model: "m", messages: [user("a")] } },
      { system: "ignored", maxTokens: 1 },
      { endpoint: "chat", model: "m", body: { model: "m", messages: [user("a")] } },
    ],
    [
      { title: "T", prompt: "data" },
      { prompt: "Sum up {title}", system: "On {title}" },
      { messages: [{ role: "system", content: "On T" }, user("Sum up T")] },
    ],
    [
      { n: 2 },
      { prompt: ({ n }: { n: number }) => `${n}?`, system: "S" },
      { messages: [{ role: "system", content: "S" }, user("2?")] },
    ],
  ])("%j with %o is asked", (item, defaults, request) => {
    expect(read(item, defaults)).toEqual(request);
  });

  it.each<[unknown, PromptDefaults, string]>([
    ["  ", {}, "as it is empty"],
    [12, {}, "as it must be text or an object: current value is 12"],
    [{ text: "a" }, {}, "it has 'text', and a template such as 'Summarize: {text}' would say what to ask of them"],
    [{ prompt: "a", messages: [] }, {}, "as it has both 'prompt' and 'messages'"],
    [{ prompt: 1 }, {}, "Cannot read 'prompt' as it must be text: current value is 1"],
    [
      { prompt: "a", temperatur: 0 },
      {},
      "Cannot read 'temperatur' as there is no such field of a prompt: did you mean 'temperature'?",
    ],
    [{ prompt: "a", maxTokens: 0 }, {}, "Cannot read 'maxTokens' as it must be a number from 1 on"],
    [{ messages: ["a"] }, {}, "as each must have a role"],
    [{ input: [1] }, {}, "as it must be text or a list of texts"],
    [{ input: "a" }, { endpoint: "chat" }, "Cannot embed 'input' as the endpoint is 'chat'"],
    [{ custom_id: "x", url: "/v1/images", body: {} }, {}, "'url' must be one of"],
  ])("%j is refused", (item, defaults, message) => {
    expect(() => read(item, defaults)).toThrow(message);
  });
});

it("refuses a template that would ask the same of each item", () => {
  expect(() => promptReader({ prompt: "Translate {1}" })).toThrow(
    "Cannot set 'prompt' as it must have a field to fill in",
  );
});
