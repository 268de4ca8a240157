import { readFileSync } from "node:fs";
import type { JobPrompt } from "./job.js";
import { simulatedAnswer } from "./simulated-answer.js";

/** A line of the output of `runPrompts`. */
interface AnswerLine {
  readonly index: number;
  readonly output: { readonly text: string };
}

/** What is in the results file. */
export interface Checked {
  /** Prompts with an answer of their own. */
  readonly right: number;
  /** Answers to other prompts, and second ones. */
  readonly wrong: number;
  readonly missing: number;
}

/** Reads the results file again, and holds each answer against its prompt. */
export function checkAnswers(output: string, prompts: readonly JobPrompt[]): Checked {
  const seen = new Set<number>();
  let wrong = 0;
  for (const line of readFileSync(output, "utf8").split("\n").slice(0, -1)) {
    const { index, output: answer } = JSON.parse(line) as AnswerLine;
    if (seen.has(index) || answer.text !== simulatedAnswer(prompts[index]?.prompt ?? "")) wrong += 1;
    else seen.add(index);
  }
  return { right: seen.size, wrong, missing: prompts.length - seen.size };
}
