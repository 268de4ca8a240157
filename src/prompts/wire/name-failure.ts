import type { ModelFailure } from "../../errors.js";
import { readProperty } from "../../limits/headers/read-property.js";

/** Names of classes of errors that leave no doubt; those of `openai` have them on the class alone. */
const SURE: ReadonlyMap<string, ModelFailure> = new Map([
  ["TimeoutError", "timeout"],
  ["APIConnectionTimeoutError", "timeout"],
  ["SyntaxError", "malformed"],
  ["AI_JSONParseError", "malformed"],
  ["AI_InvalidResponseDataError", "malformed"],
  ["AI_TypeValidationError", "malformed"],
  ["AI_EmptyResponseBodyError", "malformed"],
  ["AI_NoContentGeneratedError", "malformed"],
  ["AI_NoObjectGeneratedError", "malformed"],
  ["AI_NoOutputGeneratedError", "malformed"],
  ["AI_LoadAPIKeyError", "refused"],
  ["AI_LoadSettingError", "refused"],
  ["AI_InvalidArgumentError", "refused"],
  ["AI_InvalidPromptError", "refused"],
  ["AI_NoSuchModelError", "refused"],
  ["AI_UnsupportedFunctionalityError", "refused"],
]);

/** Those whose cause may know better. */
const HINTS: ReadonlyMap<string, ModelFailure> = new Map([
  ["APIConnectionError", "network"],
  ["APIUserAbortError", "network"],
  ["AbortError", "network"],
  ["ResponseAborted", "network"],
  ["FetchError", "network"],
  ["ReferenceError", "refused"],
  ["RangeError", "refused"],
]);

/** How fetch, undici and Node say that a connection broke, where there is no code. */
const BROKEN =
  /^(?:fetch failed|failed to fetch|terminated|socket hang up|other side closed|connection error\.|aborted)$/i;

/** What went wrong, by what an error is called; `isSure` where no error in it would know better. */
export function nameFailure(node: object): { readonly failure: ModelFailure; readonly isSure: boolean } | undefined {
  const names = [readProperty(node, "name"), className(node)].filter((name) => typeof name === "string");
  for (const [table, isSure] of [
    [SURE, true],
    [HINTS, false],
  ] as const) {
    const failure = names.map((name) => table.get(name)).find((found) => found !== undefined);
    if (failure !== undefined) return { failure, isSure };
  }
  const message = readProperty(node, "message");
  if (typeof message === "string" && BROKEN.test(message)) return { failure: "network", isSure: false };
  if (names.includes("TypeError")) return { failure: "refused", isSure: false };
  const isRetryable = readProperty(node, "isRetryable");
  return typeof isRetryable === "boolean" ? { failure: isRetryable ? "server" : "refused", isSure: false } : undefined;
}

function className(node: object): unknown {
  const made = readProperty(node, "constructor");
  return typeof made === "function" ? readProperty(made, "name") : undefined;
}
