/**
 * What went wrong with a request to a model, whoever made it: errors of this library, of `openai`, Anthropic's package, the
 * AI SDK, axios, undici and Node are told by their properties, for a class may exist in two copies.
 *
 * An error that says something sure wins over one around it that only hints: `APIConnectionError` means the network, unless
 * its cause is a timeout.
 */
import { ManyhandsError, type ModelError, type ModelFailure } from "../errors.js";
import type { HeadersLike } from "../limits/headers/header-lines.js";
import { readProperty } from "../limits/headers/read-property.js";
import { retryAfterOf } from "../limits/headers/retry-after.js";
import { errorChain } from "./wire/error-chain.js";
import { classify } from "./wire/classify.js";
import { codeFailure } from "./wire/code-failure.js";
import { nameFailure } from "./wire/name-failure.js";
import { oneLine } from "./wire/one-line.js";
import { type ErrorBody, readErrorBody } from "./wire/read-error-body.js";
import { waitAsked } from "./wire/wait-asked.js";

/** What is known of a failed request to a model. */
export interface Failure {
  readonly failure: ModelFailure;
  /** The HTTP status; `undefined` where there was no response. */
  readonly status: number | undefined;
  /** The code in the body of the response, or else its type, as in `"rate_limit_exceeded"`. */
  readonly modelCode: string | undefined;
  /** How long the server asks to wait, in ms. */
  readonly retryAfter: number | undefined;
  /** Those of the response. */
  readonly headers: HeadersLike | undefined;
  /** In one line, without keys. */
  readonly message: string;
}

/** What one error of a chain tells. */
interface Finding {
  readonly failure: ModelFailure;
  /** Whether no error further down the chain knows better. */
  readonly isSure: boolean;
}

const OURS: ReadonlyMap<string, ModelFailure> = new Map([
  ["MH_TIMEOUT", "timeout"],
  ["MH_QUOTA_EXCEEDED", "quota"],
]);

/**
 * Tells what went wrong with a request to a model, by the error that it failed with.
 *
 * Takes errors of this library, of the packages `openai`, `@anthropic-ai/sdk` and `ai`, of axios, fetch and Node, a
 * `Response`, and anything else: an `Error` that says nothing counts as `"server"`, a mistake in code (a `TypeError` and the
 * like) and any other error of this library as `"refused"`. Never throws.
 *
 * @example
 * ```ts
 * import { failureOf } from "manyhands/prompts";
 *
 * const { failure, retryAfter } = failureOf({ status: 429, headers: { "retry-after": "2" } });
 * console.log(failure, retryAfter); // rate-limit 2000
 * ```
 */
export function failureOf(error: unknown): Failure {
  try {
    return describe(error);
  } catch {
    // A proxy may throw whatever is asked of it.
    return {
      failure: "server",
      status: undefined,
      modelCode: undefined,
      retryAfter: undefined,
      headers: undefined,
      message: "an error that cannot be read",
    };
  }
}

function describe(error: unknown): Failure {
  const chain = errorChain(error);
  let hint: { readonly node: object; readonly finding: Finding } | undefined;
  for (const node of chain) {
    const finding = findingOf(node);
    if (finding?.isSure) return build(error, node, finding.failure);
    if (finding && !hint) hint = { node, finding };
  }
  return build(error, hint?.node ?? chain[0] ?? {}, hint?.finding.failure ?? "server");
}

function findingOf(node: object): Finding | undefined {
  if (ManyhandsError.is(node)) {
    const failure = node.code === "MH_MODEL" ? (node as ModelError).failure : OURS.get(node.code);
    return { failure: failure ?? "refused", isSure: true };
  }
  const body = bodyOf(node);
  const sure = classify(statusOf(node), body, proseOf(node, body)) ?? codeFailure(readProperty(node, "code"));
  return sure ? { failure: sure, isSure: true } : nameFailure(node);
}

function build(error: unknown, node: object, failure: ModelFailure): Failure {
  const wallNow = Date.now();
  const body = bodyOf(node);
  const headers = headersOf(node);
  const kind = failure === "rate-limit" ? body.type : undefined;
  const isOurs = ManyhandsError.is(node);
  return {
    failure,
    status: statusOf(node),
    modelCode: isOurs ? (node as Partial<ModelError>).modelCode : (body.code ?? body.type),
    retryAfter:
      retryAfterOf(error, wallNow) ??
      retryAfterOf(node, wallNow) ??
      (isOurs ? undefined : waitAsked(headers, proseOf(node, body), kind, wallNow)),
    headers,
    message: messageOf(error, node),
  };
}

function statusOf(node: object): number | undefined {
  for (const key of ["status", "statusCode"]) {
    const status = readProperty(node, key);
    if (typeof status === "number" && Number.isInteger(status) && status >= 200 && status < 600) return status;
  }
  return undefined;
}

function headersOf(node: object): HeadersLike | undefined {
  const response = readProperty(node, "response");
  const holders = [
    readProperty(node, "headers"),
    readProperty(node, "responseHeaders"),
    typeof response === "object" && response !== null ? readProperty(response, "headers") : undefined,
  ];
  return holders.find((held): held is HeadersLike => typeof held === "object" && held !== null);
}

/** Where clients keep the body: `error` of `openai` and Anthropic's, `data` of the AI SDK and of axios' response. */
function bodyOf(node: object): ErrorBody {
  const response = readProperty(node, "response");
  const holders = [
    readProperty(node, "error"),
    readProperty(node, "data"),
    readProperty(node, "responseBody"),
    typeof response === "object" && response !== null ? readProperty(response, "data") : undefined,
  ];
  for (const held of holders) {
    const body = readErrorBody(held);
    if (body.code !== undefined || body.type !== undefined || body.message !== undefined) return body;
  }
  const own = readErrorBody(node);
  // The code of an error of Node's is none of the model's.
  return codeFailure(own.code) ? { ...own, code: undefined } : own;
}

function proseOf(node: object, body: ErrorBody): string {
  const texts = [body.message, readProperty(node, "message"), readProperty(node, "responseBody")];
  return texts.map((text) => (typeof text === "string" ? text.slice(0, 4096) : "")).join("\n");
}

function messageOf(error: unknown, node: object): string {
  if (typeof error === "string") return oneLine(error);
  for (const one of [error, node]) {
    const message = typeof one === "object" && one !== null ? readProperty(one, "message") : undefined;
    if (typeof message === "string" && message.trim() !== "") return oneLine(message);
  }
  const status = statusOf(node);
  return status === undefined ? "an error without a message" : `the server answered ${status}`;
}
