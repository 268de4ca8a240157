/** Lines of the output of a batch, in the form of OpenAI's. */
import { createHash } from "node:crypto";
import { ManyhandsError, type ModelError } from "../../errors.js";
import { failureOf } from "../failure.js";
import type { ModelAnswer } from "../provider.js";
import { wordIn } from "../wire/json.js";

/** What the server answered, with its status. */
export interface BatchResponse {
  readonly status_code: number;
  readonly request_id: string;
  readonly body: unknown;
}

/** A line of the output of a batch; one of `response` and `error` is null. */
export interface BatchOutputLine {
  readonly id: string;
  readonly custom_id: string;
  readonly response: BatchResponse | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** The line of a request that was answered; `response.body` is what the server sent. */
export function batchAnswerLine(customId: string, answer: ModelAnswer): BatchOutputLine {
  const id = idOf(customId);
  return { id, custom_id: customId, response: { status_code: 200, request_id: id, body: answer.body }, error: null };
}

/**
 * The line of a request that failed: where a server refused it, its status with the body of an error; else, as for a broken
 * connection, an `error`.
 */
export function batchFailureLine(customId: string, error: unknown): BatchOutputLine {
  const id = idOf(customId);
  const { failure, status, modelCode, message } = failureOf(error);
  if (status === undefined || status < 400) {
    return {
      id,
      custom_id: customId,
      response: null,
      error: { code: modelCode ?? failure.replaceAll("-", "_"), message },
    };
  }
  const body = { error: { message, type: failure.replaceAll("-", "_"), param: null, code: modelCode ?? null } };
  return {
    id,
    custom_id: customId,
    response: { status_code: status, request_id: requestIdOf(error) ?? id, body },
    error: null,
  };
}

/** The same for the same request, so that a batch that is run again makes the same lines. */
function idOf(customId: string): string {
  return `batch_req_${createHash("sha256").update(customId).digest("hex").slice(0, 24)}`;
}

function requestIdOf(error: unknown): string | undefined {
  return ManyhandsError.is(error) ? wordIn((error as Partial<ModelError>).requestId) : undefined;
}
