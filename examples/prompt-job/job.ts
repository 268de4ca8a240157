import { readFileSync } from "node:fs";

/** One line of `prompts.jsonl`. */
export interface JobPrompt {
  readonly id: string;
  readonly task: "classify" | "summarise" | "extract" | "translate";
  readonly prompt: string;
}

/** The source folder: this program is run from `build/examples/prompt-job`. */
const ROOT = new URL("../../../", import.meta.url);

export const INPUT = new URL("examples/prompt-job/prompts.jsonl", ROOT);
export const OUTPUT = new URL("build/answers.jsonl", ROOT);

export function readPrompts(): readonly JobPrompt[] {
  const lines = readFileSync(INPUT, "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as JobPrompt);
}
