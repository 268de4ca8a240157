/** Anthropic's messages. */
import type { ModelAnswer, ModelRequest, Usage } from "../provider.js";
import type { EncodeSettings, Format, JsonObject } from "./format.js";
import { countIn, objectIn, objectsIn, wordIn } from "./json.js";
import { MessagesAssembly } from "./messages-assembly.js";
import { UnreadableError } from "./unreadable-error.js";

/** The server takes no request that does not say. */
const MAX_TOKENS = 4096;

export const messagesFormat: Format = {
  path: "/messages",
  encode,
  decode,
  assemble: () => new MessagesAssembly(),
};

function encode(request: ModelRequest, settings: EncodeSettings): JsonObject {
  const { messages, maxTokens = MAX_TOKENS, temperature, body } = request;
  // Here the system is not one of those who talk.
  const system = messages?.filter((message) => message.role === "system").map((message) => message.content) ?? [];
  return {
    model: request.model ?? settings.model,
    max_tokens: maxTokens,
    ...(system.length > 0 && { system: system.join("\n\n") }),
    messages: messages?.filter((message) => message.role !== "system"),
    temperature,
    ...(settings.isStream && { stream: true }),
    ...body,
  };
}

function decode(body: JsonObject): ModelAnswer {
  if (!Array.isArray(body.content)) throw new UnreadableError("the response has no 'content'");
  const texts = objectsIn(body.content).filter((block) => block.type === "text");
  return {
    text: texts.map((block) => (typeof block.text === "string" ? block.text : "")).join(""),
    usage: usageOf(body.usage),
    finishReason: wordIn(body.stop_reason),
    model: wordIn(body.model),
    body,
  };
}

/** `input_tokens` leaves out what was written to the server's cache, and read from it. */
function usageOf(value: unknown): Usage | undefined {
  const usage = objectIn(value);
  const input = countIn(usage?.input_tokens);
  if (!usage || input === undefined) return undefined;
  const cached = countIn(usage.cache_read_input_tokens);
  return {
    input: input + (countIn(usage.cache_creation_input_tokens) ?? 0) + (cached ?? 0),
    output: countIn(usage.output_tokens) ?? 0,
    ...(cached !== undefined && { cached }),
  };
}
