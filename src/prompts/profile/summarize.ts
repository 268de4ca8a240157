import { ModelError } from "../../errors.js";
import { map } from "../../flow/map.js";
import type { PromptMessage } from "../provider.js";
import { summarizeMessages } from "./model-prompts.js";
import { splitText } from "./split-text.js";

/** Summaries of summaries are made this often at most: a model that shortens nothing would be asked for ever. */
const MOST_ROUNDS = 6;
const CONCURRENCY = 16;

/** How a text is summarized. */
export interface SummarizePlan {
  readonly ask: (messages: readonly PromptMessage[], signal: AbortSignal | undefined) => PromiseLike<string>;
  readonly instructions: string | undefined;
  /** Characters of a text that are asked about at once. */
  readonly length: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Summarizes a text; one that is too long in parts, all at once, and then the summaries of these.
 *
 * @throws {ModelError} when the summaries of the parts do not become short enough
 */
export async function summarize(text: string, plan: SummarizePlan): Promise<string> {
  const { ask, instructions, length, signal } = plan;
  let rest = text;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    if (rest.length <= length) return ask(summarizeMessages(rest, instructions, undefined), signal);
    const parts = splitText(rest, length);
    const summaries = await map(
      parts,
      (part, context) =>
        ask(summarizeMessages(part, instructions, { number: context.index + 1, count: parts.length }), context.signal),
      { concurrency: CONCURRENCY, signal },
    );
    rest = summaries.join("\n\n");
  }
  throw new ModelError(
    `Cannot summarize ${text.length} characters as the summaries of its parts are still too long after ${MOST_ROUNDS} rounds: set 'maxInputTokens' higher`,
    { failure: "malformed" },
  );
}
