import { show } from "../../config/show.js";
import type { HeadersLike } from "../../limits/headers/header-lines.js";
import { readProperty } from "../../limits/headers/read-property.js";
import type { ModelAnswer, ModelRequest, Usage } from "../provider.js";
import { chatFormat } from "../wire/chat-format.js";
import { embeddingsFormat } from "../wire/embeddings-format.js";
import type { Format, JsonObject } from "../wire/format.js";
import { countIn, objectIn, wordIn } from "../wire/json.js";
import { messagesFormat } from "../wire/messages-format.js";
import { responsesFormat } from "../wire/responses-format.js";

/** What a client of the user's own may answer: see {@link ownClient}. */
export type OwnAnswer =
  | string
  /** A `ModelAnswer` of which only the text is needed, or what `generateText` of the AI SDK returns. */
  | { readonly text: string; readonly usage?: object | undefined; readonly finishReason?: string | undefined }
  /** What `embedMany` of the AI SDK returns. */
  | { readonly embeddings: readonly (readonly number[])[]; readonly usage?: object | undefined }
  /** What `chat.completions.create` of `openai` returns. */
  | { readonly choices: readonly unknown[] }
  /** What `responses.create` returns. */
  | { readonly object: "response"; readonly output: readonly unknown[] }
  /** What `embeddings.create` returns. */
  | { readonly object: "list"; readonly data: readonly unknown[] }
  /** What `messages.create` of Anthropic's package returns. */
  | { readonly type: "message"; readonly content: readonly unknown[] }
  /** Any of these with its headers, as `withResponse()` has it. */
  | { readonly data: object; readonly response: { readonly headers: HeadersLike; readonly status?: number } };

/** An answer, with the headers of its response where the client tells them. */
export interface ReadAnswer {
  readonly answer: ModelAnswer;
  readonly headers: HeadersLike | undefined;
  readonly status: number;
}

const OK = 200;

/**
 * Reads what a client of the user's own answers, by what it looks like.
 *
 * @throws {TypeError} when it is none of the forms that are known
 * @throws {UnreadableError} when it is one of them, and something is missing
 */
export function readOwnAnswer(value: unknown, request: ModelRequest): ReadAnswer {
  if (typeof value === "string")
    return { answer: { ...NOTHING, text: value, body: value }, headers: undefined, status: OK };
  if (typeof value !== "object" || value === null) throw unknownForm(value);
  const response = objectIn(readProperty(value, "response"));
  const headers = response && objectIn(readProperty(response, "headers"));
  const status = response && readProperty(response, "status");
  const data = readProperty(value, "data");
  const bare = response && objectIn(data) ? (data as object) : value;
  return { answer: answerOf(bare, request), headers, status: typeof status === "number" ? status : OK };
}

const NOTHING = { usage: undefined, finishReason: undefined, model: undefined } as const;

function answerOf(value: object, request: ModelRequest): ModelAnswer {
  const format = formatOf(value);
  if (format) return format.decode(value as JsonObject, request);
  const text = readProperty(value, "text");
  const embeddings = readProperty(value, "embeddings");
  const isText = typeof text === "string";
  if (!isText && !Array.isArray(embeddings)) throw unknownForm(value);
  const response = objectIn(readProperty(value, "response"));
  return {
    text: isText ? text : "",
    ...(Array.isArray(embeddings) && { embeddings: embeddings as readonly (readonly number[])[] }),
    usage: usageOf(readProperty(value, "usage")),
    finishReason: wordIn(readProperty(value, "finishReason")),
    model: wordIn(readProperty(value, "model")) ?? wordIn(response?.modelId),
    body: readProperty(value, "body") ?? response?.body ?? (isText ? { text } : { embeddings: embeddings as unknown }),
  };
}

/** The format whose body it is. Properties are read with care: those of the AI SDK may throw. */
function formatOf(value: object): Format | undefined {
  if (Array.isArray(readProperty(value, "choices"))) return chatFormat;
  if (readProperty(value, "object") === "response") return responsesFormat;
  if (readProperty(value, "type") === "message") return messagesFormat;
  return Array.isArray(readProperty(value, "data")) ? embeddingsFormat : undefined;
}

/** As this library names it, or as the AI SDK does. */
function usageOf(value: unknown): Usage | undefined {
  const usage = objectIn(value);
  if (!usage) return undefined;
  const input = countIn(usage.input) ?? countIn(usage.inputTokens) ?? countIn(usage.tokens);
  if (input === undefined) return undefined;
  const cached =
    countIn(usage.cached) ??
    countIn(objectIn(usage.inputTokenDetails)?.cacheReadTokens) ??
    countIn(usage.cachedInputTokens);
  return {
    input,
    output: countIn(usage.output) ?? countIn(usage.outputTokens) ?? 0,
    ...(cached !== undefined && { cached }),
  };
}

function unknownForm(value: unknown): TypeError {
  return new TypeError(
    "Cannot read what 'send' returned as it is neither a text, nor an object with 'text', nor an answer of 'openai', of " +
      `Anthropic's package or of the AI SDK: current value is ${show(value).slice(0, 300)}`,
  );
}
