import { checkFields } from "../../config/check-fields.js";
import { checkFunction } from "../../config/check-function.js";
import { show } from "../../config/show.js";
import { readProperty } from "../../limits/headers/read-property.js";
import { failureOf } from "../failure.js";
import type { Account, ModelAnswer, ModelRequest, Provider, SendContext } from "../provider.js";
import { objectIn } from "../wire/json.js";
import { responseError, unreadableError } from "../wire/model-errors.js";
import { unlessAborted } from "../wire/unless-aborted.js";
import { UnreadableError } from "../wire/unreadable-error.js";
import { checkAccounts } from "./check-accounts.js";
import { type OwnAnswer, readOwnAnswer } from "./own-answer.js";

/** Makes one attempt. */
export type OwnSend<A extends Account> = (
  request: ModelRequest,
  context: SendContext<A>,
) => OwnAnswer | PromiseLike<OwnAnswer>;

/** Options of {@link ownClient}. */
export interface OwnClientOptions<A extends Account = Account> {
  /** Shown in messages and statistics. @default "own client" */
  readonly name?: string | undefined;
  /** The model of requests that name none. @default what `name` is */
  readonly model?: string | undefined;
  /** Several accounts, each with limits of its own; `send` is told which. @default one, named as the provider */
  readonly accounts?: readonly A[] | undefined;
  /** Lets go of what the client holds. */
  readonly close?: (() => Promise<void> | void) | undefined;
}

const OPTION_NAMES: readonly (keyof OwnClientOptions)[] = ["name", "model", "accounts", "close"];

/**
 * A provider that asks through a client of the user's own, such as the package `openai` or the AI SDK.
 *
 * `send` makes one attempt: let the client make no retries of its own (`maxRetries: 0`), and give it `context.signal`, which
 * fires when the attempt is given up; it is then not waited for. Its errors are understood as `failureOf` says. It returns a
 * text, an object with `text`, or just what the client returns; headers that come with it are learned from.
 *
 * @throws {TypeError | RangeError} when an option is unknown or wrong
 *
 * @example
 * ```ts
 * import { ownClient } from "manyhands/prompts";
 *
 * const provider = ownClient((request) => `echo: ${request.messages?.at(-1)?.content}`, { model: "echo" });
 * ```
 */
export function ownClient<A extends Account = Account>(
  send: OwnSend<A>,
  options: OwnClientOptions<A> = {},
): Provider<A> {
  checkFunction("ownClient.send", send);
  checkFields("ownClient", options, OPTION_NAMES);
  const { name = "own client", model = name, accounts, close } = options;
  checkText("ownClient.name", name);
  checkText("ownClient.model", model);
  if (close !== undefined) checkFunction("ownClient.close", close);
  if (accounts !== undefined) checkAccounts("ownClient.accounts", accounts);
  return {
    name,
    model,
    accounts: accounts ?? [{ name } as A],
    send: (request, context) => sendOnce(send, model, request, context),
    ...(close && { close }),
  };
}

async function sendOnce<A extends Account>(
  send: OwnSend<A>,
  model: string,
  request: ModelRequest,
  context: SendContext<A>,
): Promise<ModelAnswer> {
  const { signal, onText } = context;
  const asked = { model: request.model ?? model, secrets: [] };
  let hasHeaders = false;
  let hasText = false;
  const told: SendContext<A> = {
    ...context,
    onHeaders: (headers, status) => {
      hasHeaders = true;
      context.onHeaders(headers, status);
    },
    onText: onText && ((piece) => ((hasText = true), onText(piece))),
  };
  signal.throwIfAborted();
  let value: OwnAnswer;
  try {
    value = await unlessAborted(signal, Promise.resolve(send(request, told)));
  } catch (error) {
    // Clients have errors of their own for an attempt that was given up.
    signal.throwIfAborted();
    const { headers, status } = failureOf(error);
    if (headers && status !== undefined && !hasHeaders) context.onHeaders(headers, status);
    throw error;
  }
  const inner = typeof value === "object" && value !== null ? objectIn(readProperty(value, "error")) : undefined;
  if (inner) {
    throw responseError(asked, {
      status: undefined,
      headers: {},
      contentType: "",
      requestId: "",
      body: { error: inner },
    });
  }
  try {
    const { answer, headers, status } = readOwnAnswer(value, request);
    if (headers && !hasHeaders) context.onHeaders(headers, status);
    if (onText && !hasText && answer.text !== "") onText(answer.text);
    return answer;
  } catch (error) {
    if (error instanceof UnreadableError) throw unreadableError(asked, error.message, undefined, false, error.cause);
    throw error;
  }
}

function checkText(path: string, value: unknown): void {
  if (typeof value === "string" && value.trim() !== "") return;
  throw new TypeError(`Cannot set '${path}' as it must be a text: current value is ${show(value)}`);
}
