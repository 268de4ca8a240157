/** OpenAI's chat completions, which most other servers speak too. */
import type { ModelAnswer, ModelRequest, Usage } from "../provider.js";
import { ChatAssembly } from "./chat-assembly.js";
import type { EncodeSettings, Format, JsonObject } from "./format.js";
import { countIn, objectIn, objectsIn, wordIn } from "./json.js";
import { UnreadableError } from "./unreadable-error.js";

export const chatFormat: Format = {
  path: "/chat/completions",
  encode,
  decode,
  assemble: () => new ChatAssembly(),
};

function encode(request: ModelRequest, settings: EncodeSettings): JsonObject {
  const { messages, maxTokens, temperature, body = {} } = request;
  return {
    model: request.model ?? settings.model,
    messages,
    [settings.maxTokensField]: maxTokens,
    temperature,
    ...(settings.isStream && { stream: true }),
    ...body,
    ...(settings.isStream && { stream_options: { include_usage: true, ...objectIn(body.stream_options) } }),
  };
}

function decode(body: JsonObject): ModelAnswer {
  const choice = objectsIn(body.choices)[0];
  if (!choice) throw new UnreadableError("the response has no 'choices'");
  const message = objectIn(choice.message);
  // Completions of old have their text right there.
  if (!message && typeof choice.text !== "string") throw new UnreadableError("the response has no 'message'");
  return {
    text: textOf(message?.content) ?? wordIn(message?.refusal) ?? (typeof choice.text === "string" ? choice.text : ""),
    usage: usageOf(body.usage),
    finishReason: wordIn(choice.finish_reason),
    model: wordIn(body.model),
    body,
  };
}

/** Text, or a list of parts as Mistral has it. */
function textOf(content: unknown): string | undefined {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return undefined;
  return objectsIn(content)
    .map((part) => (typeof part.text === "string" ? part.text : ""))
    .join("");
}

function usageOf(value: unknown): Usage | undefined {
  const usage = objectIn(value);
  const input = countIn(usage?.prompt_tokens);
  if (!usage || input === undefined) return undefined;
  // The second is DeepSeek's name for it.
  const cached =
    countIn(objectIn(usage.prompt_tokens_details)?.cached_tokens) ?? countIn(usage.prompt_cache_hit_tokens);
  return { input, output: countIn(usage.completion_tokens) ?? 0, ...(cached !== undefined && { cached }) };
}
