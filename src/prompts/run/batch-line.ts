/** Lines of OpenAI Batch in files of ours: each has its index before it, by which a run knows what is done. */
import type { Usage } from "../provider.js";
import { batchAnswerLine, batchFailureLine, type BatchOutputLine } from "../openai-batch/batch-output.js";
import type { AnsweredItem } from "./answer-line.js";

/** The fields of a line for an answer. */
export function batchResult({ answer, customId }: AnsweredItem, index: number): string {
  return fieldsOf(batchAnswerLine(customId ?? nameOf(index), answer));
}

/** The fields of a line for a failure. */
export function batchFailure(line: string, error: unknown, index: number): string {
  return `${fieldsOf(batchFailureLine(customIdOf(parsed(line)) ?? nameOf(index), error))},"input":${line.trim()}`;
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
  const count = (name: string): number => (typeof usage[name] === "number" ? usage[name] : 0);
  return {
    // Anthropic counts tokens of its cache apart.
    input:
      count("prompt_tokens") +
      count("input_tokens") +
      count("cache_read_input_tokens") +
      count("cache_creation_input_tokens"),
    output: count("completion_tokens") + count("output_tokens"),
  };
}

/** What an item without a name is called: by its line, from 1 on as editors count. */
function nameOf(index: number): string {
  return `line-${index + 1}`;
}

/** Without the brace before them and the one behind. */
function fieldsOf(line: BatchOutputLine): string {
  return JSON.stringify(line).slice(1, -1);
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
