import { show } from "../../config/show.js";
import { ModelError } from "../../errors.js";
import { ASKS_AT_ONCE } from "../../host/call-context.js";
import { failureOf } from "../failure.js";
import type { Endpoint, ModelAnswer, ModelRequest, Provider, SendContext } from "../provider.js";
import type { Format, JsonObject, MaxTokensField } from "../wire/format.js";
import { objectIn, tellsError } from "../wire/json.js";
import { type Asked, connectionError, responseError, unreadableError } from "../wire/model-errors.js";
import { readBody, readErrorText } from "../wire/read-reply.js";
import { readStream } from "../wire/read-stream.js";
import type { HttpReply, Transport } from "../wire/transport.js";
import { UnreadableError } from "../wire/unreadable-error.js";
import { HttpAccount } from "./http-account.js";

/** What a provider over HTTP is made of. */
export interface HttpProviderParts {
  readonly name: string;
  readonly model: string;
  readonly accounts: readonly HttpAccount[];
  /** That of requests that name none. */
  readonly endpoint: Endpoint;
  readonly formats: Partial<Readonly<Record<Endpoint, Format>>>;
  readonly maxTokensField: (base: URL) => MaxTokensField;
  readonly transport: Transport;
}

/** Speaks to a model over HTTP. */
export class HttpProvider implements Provider<HttpAccount> {
  readonly [ASKS_AT_ONCE]: boolean;
  readonly name: string;
  readonly model: string;
  readonly accounts: readonly HttpAccount[];
  readonly #parts: HttpProviderParts;

  constructor(parts: HttpProviderParts) {
    this[ASKS_AT_ONCE] = parts.transport.isOwn;
    this.name = parts.name;
    this.model = parts.model;
    this.accounts = parts.accounts;
    this.#parts = parts;
  }

  async send(request: ModelRequest, context: SendContext<HttpAccount>): Promise<ModelAnswer> {
    const { account, signal, onText, following } = context;
    const format = this.#format(request.endpoint ?? (isToEmbed(request) ? "embeddings" : this.#parts.endpoint));
    const target = HttpAccount.targetOf(account);
    const model = request.model ?? this.model;
    const isStream = onText !== undefined && format.assemble !== undefined;
    const maxTokensField = this.#parts.maxTokensField(target.base);
    const body = JSON.stringify(format.encode(request, { model: this.model, isStream, maxTokensField }));
    const url = HttpAccount.urlOf(account, format.path);
    const asked = { model, secrets: target.secrets };
    let reply: HttpReply;
    try {
      reply = await this.#parts.transport.post({ url, headers: target.headers, body, signal, following });
    } catch (error) {
      signal.throwIfAborted();
      throw brokenBy(error, asked);
    }
    try {
      context.onHeaders(reply.headers, reply.status);
    } catch (error) {
      reply.discard();
      throw error;
    }
    if (reply.status < 200 || reply.status > 299) throw await refusal(reply, asked, signal);
    return readAnswer(reply, { request, format, asked, onText, signal });
  }

  close(): void {
    this.#parts.transport.close();
  }

  #format(endpoint: Endpoint): Format {
    const format = this.#parts.formats[endpoint];
    if (format) return format;
    const known = Object.keys(this.#parts.formats).map((name) => `'${name}'`);
    throw new ModelError(
      `Cannot ask '${this.model}' as ${this.name} has the endpoints ${known.join(", ")}: current value is ${show(endpoint)}`,
      { failure: "refused" },
    );
  }
}

/** A request that says nothing but texts to embed, as no other endpoint has such. */
function isToEmbed({ messages = [], input }: ModelRequest): boolean {
  return input !== undefined && messages.length === 0;
}

interface Reading {
  readonly request: ModelRequest;
  readonly format: Format;
  readonly asked: Asked;
  readonly onText: ((piece: string) => void) | undefined;
  readonly signal: AbortSignal;
}

async function readAnswer(reply: HttpReply, { request, format, asked, onText, signal }: Reading): Promise<ModelAnswer> {
  // Errors of the function are the caller's, and no failures of the model.
  let ownError: { readonly error: unknown } | undefined;
  const tell = (piece: string): void => {
    try {
      onText?.(piece);
    } catch (error) {
      ownError = { error };
      throw error;
    }
  };
  try {
    const isStream = /\bevent-stream\b/i.test(reply.header("content-type"));
    const assembly = isStream ? format.assemble?.() : undefined;
    const body = assembly ? await readStream(reply, assembly, tell) : parse(await readBody(reply));
    if (tellsError(body)) throw errorWithin(reply, asked, body);
    const answer = format.decode(body, request);
    if (!assembly && answer.text !== "") tell(answer.text);
    return answer;
  } catch (error) {
    signal.throwIfAborted();
    if (ownError) throw ownError.error;
    if (error instanceof ModelError) throw error;
    if (error instanceof UnreadableError) {
      if (error.event) throw errorWithin(reply, asked, error.event);
      throw unreadableError(asked, error.message, reply.status, error.isTorn, error.cause);
    }
    throw brokenBy(error, asked);
  }
}

function parse(text: string): JsonObject {
  if (text.trim() === "") throw new UnreadableError("the response is empty");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UnreadableError("the response is no JSON", false, { cause: error });
  }
  const body = objectIn(value);
  if (!body) throw new UnreadableError("the response is no object");
  return body;
}

/** Gateways answer 200 before they know; then the error is in the body, or in the stream. */
function errorWithin(reply: HttpReply, asked: Asked, body: JsonObject): ModelError {
  return responseError(asked, { ...headOf(reply), status: undefined, body });
}

async function refusal(reply: HttpReply, asked: Asked, signal: AbortSignal): Promise<ModelError> {
  const { status } = reply;
  if (status >= 300 && status < 400) {
    reply.discard();
    return new ModelError(
      `Cannot ask '${asked.model}' as the server answered ${status}, a redirect, which would take the key elsewhere: ` +
        "set 'baseURL' to where the model is",
      { failure: "refused", status },
    );
  }
  const body = await readErrorText(reply);
  signal.throwIfAborted();
  return responseError(asked, { ...headOf(reply), status, body });
}

function headOf(reply: HttpReply): {
  readonly headers: HttpReply["headers"];
  readonly contentType: string;
  readonly requestId: string;
} {
  return {
    headers: reply.headers,
    contentType: reply.header("content-type"),
    requestId: reply.header("x-request-id") || reply.header("request-id"),
  };
}

function brokenBy(error: unknown, asked: Asked): ModelError {
  const code = (error as { readonly code?: unknown } | null)?.code;
  // Of zlib, where the body is not compressed as its headers say.
  if (typeof code === "string" && /^(?:Z_|ERR__?BROTLI|ERR_PADDING|ERR_BUF)/.test(code)) {
    return unreadableError(asked, "the response cannot be decompressed", 200, false, error);
  }
  const { failure } = failureOf(error);
  return connectionError(asked, failure === "timeout" || failure === "refused" ? failure : "network", error);
}
