/** Lines of OpenAI Batch in files of ours: each has its index before it, by which a run knows what is done. */
import { describeError } from "../../batch/failure-line.js";
import { ModelError } from "../../errors.js";
import type { Usage } from "../provider.js";
import type { AnsweredItem } from "./answer-line.js";

export function batchResult({ answer, customId }: AnsweredItem, index: number): string {
  const body = answer.body ?? { model: answer.model, text: answer.text };
  const id = (body as { id?: unknown }).id;
  return fields(index, customId, { status_code: 200, request_id: typeof id === "string" ? id : "", body }, null);
}

export function batchFailure(line: string, error: unknown, index: number): string {
  const { name, message, code } = describeError(error);
  const { status, requestId, modelCode } = error instanceof ModelError ? error : ({} as Partial<ModelError>);
  const said = { message, code: modelCode ?? code ?? name };
  const response =
    status === undefined
      ? null
      : { status_code: status, request_id: requestId ?? "", body: { error: { ...said, type: name } } };
  const input = line.trim();
  return `${fields(index, customIdOf(parsed(input)), response, response ? null : said)},"input":${input}`;
}

/** The name that a line of OpenAI Batch has. */
export function customIdOf(item: unknown): string | undefined {
  const id = (item as { custom_id?: unknown } | null | undefined)?.custom_id;
  return typeof id === "string" ? id : undefined;
}

/** What a response says of tokens, as any of the endpoints names it. */
export function usageOfBody(body: unknown): Usage | undefined {
  const usage = (body as { usage?: Readonly<Record<string, unknown>> } | null | undefined)?.usage;
  if (typeof usage !== "object" || usage === null) return undefined;
  const input = usage["prompt_tokens"] ?? usage["input_tokens"];
  const output = usage["completion_tokens"] ?? usage["output_tokens"] ?? 0;
  return typeof input === "number" && typeof output === "number" ? { input, output } : undefined;
}

function fields(index: number, customId = `line-${index + 1}`, response: object | null, error: object | null): string {
  return [
    `"id":${JSON.stringify(`batch_req_${index}`)}`,
    `"custom_id":${JSON.stringify(customId)}`,
    `"response":${JSON.stringify(response)}`,
    `"error":${JSON.stringify(error)}`,
  ].join(",");
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
