/** The errors of requests that this library makes itself. */
import { ModelError, type ModelFailure } from "../../errors.js";
import type { HeadersLike } from "../../limits/headers/header-lines.js";
import { classify } from "./classify.js";
import { oneLine } from "./one-line.js";
import { readErrorBody } from "./read-error-body.js";
import { waitAsked } from "./wait-asked.js";

/** Who was asked, for messages. */
export interface Asked {
  readonly model: string;
  /** What no message may show. */
  readonly secrets: readonly string[];
}

/** The response that an error is made of. */
export interface ErrorResponse {
  readonly status: number | undefined;
  readonly headers: HeadersLike;
  readonly contentType: string;
  readonly requestId: string;
  /** As text, or parsed. */
  readonly body: unknown;
}

/** The error of a response that is one. */
export function responseError(asked: Asked, response: ErrorResponse): ModelError {
  const { headers } = response;
  const body = readErrorBody(response.body);
  const status = response.status ?? body.status;
  const text = typeof response.body === "string" ? response.body.slice(0, 4096) : (body.message ?? "");
  const failure = classify(status, body, text) ?? "server";
  const kind = failure === "rate-limit" ? body.type : undefined;
  const wait = waitAsked(headers, text, kind, Date.now());
  const code = body.code ?? body.type;
  const says = oneLine(proseOf(response, body.message), asked.secrets);
  const message =
    `Cannot ask '${asked.model}' as the server answered ${status ?? "with an error"}` +
    (code === undefined ? "" : ` (${oneLine(code, asked.secrets)})`) +
    (says === "" ? "" : `: ${says}`);
  const error = new ModelError(message, {
    failure,
    status,
    modelCode: code === undefined ? undefined : oneLine(code, asked.secrets),
    retryAfter: wait === undefined ? undefined : wait / 1000,
    requestId: response.requestId === "" ? undefined : oneLine(response.requestId, asked.secrets),
  });
  // Limits learn from them; whoever prints the error is not interested.
  Object.defineProperty(error, "headers", { value: headers, configurable: true });
  return error;
}

/** The error of a connection that could not be made, or broke. */
export function connectionError(asked: Asked, failure: ModelFailure, cause: unknown): ModelError {
  const problem = failure === "timeout" ? "no answer came in time" : "the connection failed";
  return new ModelError(
    `Cannot ask '${asked.model}' as ${problem}: ${oneLine(messageOf(cause), asked.secrets)}`,
    { failure },
    { cause },
  );
}

/** The error of a body that is none. */
export function unreadableError(
  asked: Asked,
  problem: string,
  status: number | undefined,
  isTorn: boolean,
  cause?: unknown,
): ModelError {
  return new ModelError(
    `Cannot read the answer of '${asked.model}' as ${problem}`,
    { failure: isTorn ? "network" : "malformed", status },
    cause === undefined ? {} : { cause },
  );
}

/** Connecting to a name with several addresses fails with all of their errors, and no message of its own. */
function messageOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === "" && cause.errors.length > 0)
    return messageOf(cause.errors[0]);
  return cause instanceof Error ? cause.message : String(cause);
}

/** The pages of gateways are long: their title says it. */
function proseOf(response: ErrorResponse, message: string | undefined): string {
  if (!/\bhtml\b/i.test(response.contentType) || typeof response.body !== "string") return message ?? "";
  return /<title[^>]*>([^<]{1,200})/i.exec(response.body)?.[1] ?? "a page of HTML";
}
