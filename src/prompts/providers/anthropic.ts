import type { Provider } from "../provider.js";
import { messagesFormat } from "../wire/messages-format.js";
import type { HttpAccount } from "./http-account.js";
import { type HttpKind, type HttpOptions, resolveHttp } from "./http-options.js";
import { HttpProvider } from "./http-provider.js";

/** Options of {@link anthropic}. */
export interface AnthropicOptions extends HttpOptions {
  /** The key. @default `ANTHROPIC_API_KEY` of the environment */
  readonly apiKey?: string | undefined;
  /**
   * Where the server is, with `/v1` at its end or without.
   * @default `ANTHROPIC_BASE_URL` of the environment, or else "https://api.anthropic.com"
   */
  readonly baseURL?: string | undefined;
}

const KIND: HttpKind = {
  name: "anthropic",
  defaultURL: "https://api.anthropic.com",
  keyVariable: "ANTHROPIC_API_KEY",
  urlVariable: "ANTHROPIC_BASE_URL",
  keyHeaders: (apiKey) => ({ "x-api-key": apiKey }),
  fixedHeaders: { "anthropic-version": "2023-06-01" },
  keyNames: ["x-api-key", "authorization"],
  isKeyNeeded: (base) => /(?:^|\.)anthropic\.com$/.test(base.hostname),
  version: "/v1",
};

/**
 * A provider that speaks to Anthropic's models, through its messages.
 *
 * Messages of the system are joined into one, wherever they stand. The server wants to know the most tokens of an answer:
 * requests without `maxTokens` ask for 4,096. Makes one attempt for each request; retries and limits are those of the client
 * that uses it.
 *
 * @throws {TypeError | RangeError} when an option is missing, unknown or wrong, as the key where the server needs one
 *
 * @example
 * ```ts
 * import { anthropic } from "manyhands/prompts";
 *
 * const provider = anthropic({ model: "claude-sonnet-4-5" }); // The key is in ANTHROPIC_API_KEY.
 * ```
 */
export function anthropic(options: AnthropicOptions): Provider<HttpAccount> {
  const { model, accounts, transport } = resolveHttp(KIND, options);
  return new HttpProvider({
    name: "anthropic",
    model,
    accounts,
    endpoint: "messages",
    formats: { messages: messagesFormat },
    maxTokensField: () => "max_tokens",
    transport,
  });
}
