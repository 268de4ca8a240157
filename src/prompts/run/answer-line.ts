/** Lines of the output: what is written of an answer, and read again when a run is resumed. */
import { describeError } from "../../batch/failure-line.js";
import { JSON_LINES, type LineFormat } from "../../batch/line-format.js";
import type { ModelAnswer, Usage } from "../provider.js";
import { batchFailure, batchResult, usageOfBody } from "./batch-line.js";

/**
 * What a line of the output holds:
 * - `"answer"`: `output` is an object of the text, the usage, why the text ends, and the model
 * - `"text"`: `output` is the text alone, and the usage stands beside it
 * - `"full"`: as `"answer"`, with the whole response as `body`
 * - `"openai-batch"`: the line of an output file of OpenAI Batch, with the index before it
 */
export type PromptsFormat = "answer" | "text" | "full" | "openai-batch";

export const FORMATS = ["answer", "text", "full", "openai-batch"] as const satisfies readonly PromptsFormat[];

/** What became of an item that was asked. */
export interface AnsweredItem {
  readonly answer: ModelAnswer;
  /** The answer was there before, for the same prompt or from a cache: it was not paid for again. */
  readonly isReused: boolean;
  /** Of a line of OpenAI Batch. */
  readonly customId: string | undefined;
}

/** @param isText - each line is a prompt as it stands */
export function lineFormat(format: PromptsFormat, isText: boolean): LineFormat {
  const result = RESULTS[format];
  return {
    read: isText ? readText : JSON_LINES.read,
    result: (value, index) => {
      const item = value as AnsweredItem;
      // A run that resumes this one must know what was paid.
      return item.isReused ? `${result(item, index)},"reused":true` : result(item, index);
    },
    failure: (line, error, index) => {
      if (format === "openai-batch") return batchFailure(isText ? JSON.stringify(readText(line)) : line, error, index);
      if (isText) return `"input":${JSON.stringify(readText(line))},"error":${JSON.stringify(describeError(error))}`;
      return JSON_LINES.failure(line, error, index);
    },
  };
}

/** What the line of an item that is done says of tokens; `undefined` where nothing was paid. */
export function usageOfLine(line: string): { readonly index: number; readonly usage: Usage | undefined } {
  const { index, output, usage, response, reused } = JSON.parse(line) as {
    index: number;
    output?: { usage?: Usage } | string;
    usage?: Usage;
    response?: { body?: unknown };
    reused?: boolean;
  };
  if (reused) return { index, usage: undefined };
  const found = usage ?? (typeof output === "object" ? output?.usage : undefined) ?? usageOfBody(response?.body);
  return { index, usage: found };
}

const RESULTS: Readonly<Record<PromptsFormat, (item: AnsweredItem, index: number) => string>> = {
  answer: ({ answer }) => `"output":${JSON.stringify(brief(answer))}`,
  full: ({ answer }) => `"output":${JSON.stringify({ ...brief(answer), body: answer.body })}`,
  text: ({ answer }) =>
    `"output":${JSON.stringify(answer.embeddings ?? answer.text)}` +
    (answer.usage ? `,"usage":${JSON.stringify(answer.usage)}` : ""),
  "openai-batch": batchResult,
};

function brief({ text, embeddings, usage, finishReason, model }: ModelAnswer): object {
  return { ...(embeddings ? { embeddings } : { text }), usage, finishReason, model };
}

/** A line with nothing in it is no item. */
function readText(line: string): string {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  if (text.trim() === "") throw new TypeError("Cannot make a prompt of the line as it is empty");
  return text;
}
