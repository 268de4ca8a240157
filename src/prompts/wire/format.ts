import type { ModelAnswer, ModelRequest } from "../provider.js";

/** What is known of the server beside the request. */
export interface EncodeSettings {
  readonly model: string;
  /** Whether the answer shall be streamed. */
  readonly isStream: boolean;
  /** How the server names the most tokens of an answer, where that differs. */
  readonly maxTokensField: MaxTokensField;
}

/** `"max_tokens"` is what all servers know but OpenAI's newer models. */
export type MaxTokensField = "max_tokens" | "max_completion_tokens";

/** A parsed body. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Puts the events of a stream together to the body of a whole response. */
export interface StreamAssembly {
  /** @returns the piece of the text that the event brings, `""` for none */
  take(event: JsonObject): string;
  /** The body as it stands. */
  body(): JsonObject;
  /** Whether all of it has come, so that no end of the stream needs to be waited for. */
  isWhole(): boolean;
  /** Whether a stream may end here, though its end was not marked. */
  mayEnd(): boolean;
}

/** How an endpoint is spoken. */
export interface Format {
  /** After the base URL, as in `"/chat/completions"`. */
  readonly path: string;
  encode(request: ModelRequest, settings: EncodeSettings): JsonObject;
  /** @throws {UnreadableError} when the body is none of this endpoint, or answers less than was asked */
  decode(body: JsonObject, request: ModelRequest): ModelAnswer;
  /** Nothing where the endpoint has no streams. */
  readonly assemble: (() => StreamAssembly) | undefined;
}
