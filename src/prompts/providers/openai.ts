import { oneOf } from "../../config/one-of.js";
import type { Provider } from "../provider.js";
import { chatFormat } from "../wire/chat-format.js";
import { embeddingsFormat } from "../wire/embeddings-format.js";
import type { MaxTokensField } from "../wire/format.js";
import { responsesFormat } from "../wire/responses-format.js";
import type { HttpAccount } from "./http-account.js";
import { type HttpKind, type HttpOptions, resolveHttp } from "./http-options.js";
import { HttpProvider } from "./http-provider.js";

/** Options of {@link openai}. */
export interface OpenAIOptions extends HttpOptions {
  /**
   * The key; other servers than OpenAI's may need none.
   * @default `OPENAI_API_KEY` of the environment
   */
  readonly apiKey?: string | undefined;
  /**
   * Where the server is, up to the version: a query in it, as Azure's `api-version`, is kept.
   * @default `OPENAI_BASE_URL` of the environment, or else "https://api.openai.com/v1"
   */
  readonly baseURL?: string | undefined;
  /** The endpoint of requests that name none. @default "chat" */
  readonly endpoint?: "chat" | "responses" | "embeddings" | undefined;
  /**
   * The field of chat completions that `maxTokens` goes to: OpenAI's newer models take only `"max_completion_tokens"`,
   * some other servers only `"max_tokens"`.
   * @default "max_completion_tokens" for OpenAI and Azure, else "max_tokens"
   */
  readonly maxTokensField?: MaxTokensField | undefined;
}

const KIND: HttpKind = {
  name: "openai",
  defaultURL: "https://api.openai.com/v1",
  keyVariable: "OPENAI_API_KEY",
  urlVariable: "OPENAI_BASE_URL",
  keyHeaders: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  fixedHeaders: {},
  keyNames: ["authorization", "api-key"],
  isKeyNeeded: (base) => isOpenAI(base) || isAzure(base),
};

/**
 * A provider that speaks to OpenAI, and to any server that is compatible with it: Azure, vLLM, Ollama, llama.cpp, Groq,
 * OpenRouter, `manyhands serve-model` and many others.
 *
 * Makes one attempt for each request; retries and limits are those of the client that uses it. Its connections are kept
 * until it is closed.
 *
 * @throws {TypeError | RangeError} when an option is missing, unknown or wrong, as the key where the server needs one
 *
 * @example
 * ```ts
 * import { openai } from "manyhands/prompts";
 *
 * const local = openai({ model: "qwen3:8b", baseURL: "http://localhost:11434/v1" });
 * ```
 */
export function openai(options: OpenAIOptions): Provider<HttpAccount> {
  const { model, accounts, transport } = resolveHttp(KIND, options, ["endpoint", "maxTokensField"]);
  const { endpoint = "chat", maxTokensField } = options;
  const formats = { chat: chatFormat, responses: responsesFormat, embeddings: embeddingsFormat };
  oneOf("openai.endpoint", endpoint, ["chat", "responses", "embeddings"]);
  if (maxTokensField !== undefined) {
    oneOf("openai.maxTokensField", maxTokensField, ["max_tokens", "max_completion_tokens"]);
  }
  return new HttpProvider({
    name: "openai",
    model,
    accounts,
    endpoint,
    formats,
    maxTokensField: (base) =>
      maxTokensField ?? (isOpenAI(base) || isAzure(base) ? "max_completion_tokens" : "max_tokens"),
    transport,
  });
}

function isOpenAI(base: URL): boolean {
  return /(?:^|\.)openai\.com$/.test(base.hostname);
}

function isAzure(base: URL): boolean {
  return /\.azure\.com$|\.azure-api\.net$/.test(base.hostname);
}
