/** OpenAI's responses. */
import type { ModelAnswer, ModelRequest, Usage } from "../provider.js";
import type { EncodeSettings, Format, JsonObject, StreamAssembly } from "./format.js";
import { countIn, objectIn, objectsIn, wordIn } from "./json.js";
import { UnreadableError } from "./unreadable-error.js";

export const responsesFormat: Format = {
  path: "/responses",
  encode,
  decode,
  assemble: () => new ResponsesAssembly(),
};

function encode(request: ModelRequest, settings: EncodeSettings): JsonObject {
  const { messages, maxTokens, temperature, body } = request;
  return {
    model: request.model ?? settings.model,
    input: messages,
    max_output_tokens: maxTokens,
    temperature,
    ...(settings.isStream && { stream: true }),
    ...body,
  };
}

function decode(body: JsonObject): ModelAnswer {
  if (!Array.isArray(body.output)) throw new UnreadableError("the response has no 'output'");
  if (body.status === "failed") throw new UnreadableError("the response failed without saying why");
  return {
    text: textOf(body),
    usage: usageOf(body.usage),
    finishReason: wordIn(objectIn(body.incomplete_details)?.reason) ?? wordIn(body.status),
    model: wordIn(body.model),
    body,
  };
}

function textOf(body: JsonObject): string {
  const parts = objectsIn(body.output)
    .filter((item) => item.type === "message")
    .flatMap((item) => objectsIn(item.content));
  const texts = parts.filter((part) => part.type === "output_text").map((part) => part.text);
  const said = texts.length > 0 ? texts : parts.map((part) => part.refusal);
  return said.filter((text) => typeof text === "string").join("");
}

function usageOf(value: unknown): Usage | undefined {
  const usage = objectIn(value);
  const input = countIn(usage?.input_tokens);
  if (!usage || input === undefined) return undefined;
  const cached = countIn(objectIn(usage.input_tokens_details)?.cached_tokens);
  return { input, output: countIn(usage.output_tokens) ?? 0, ...(cached !== undefined && { cached }) };
}

/** The last event of a stream brings the whole response; those before it, pieces of its text. */
class ResponsesAssembly implements StreamAssembly {
  #response: JsonObject | undefined;

  take(event: JsonObject): string {
    switch (event.type) {
      case "response.output_text.delta":
      case "response.refusal.delta":
        return typeof event.delta === "string" ? event.delta : "";
      case "response.completed":
      case "response.incomplete":
      case "response.failed":
        this.#response = objectIn(event.response) ?? {};
        return "";
      default:
        return "";
    }
  }

  body(): JsonObject {
    return this.#response ?? {};
  }

  isWhole(): boolean {
    return this.#response !== undefined;
  }

  mayEnd(): boolean {
    return false;
  }
}
