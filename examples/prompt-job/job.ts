import { readFileSync } from "node:fs";

/** One line of `prompts.jsonl`. */
export interface JobPrompt {
  readonly id: string;
  readonly task: "classify" | "summarise" | "extract" | "translate";
  readonly prompt: string;
}

/** In the source folder: this program is run from `build/examples/prompt-job`. */
const INPUT = new URL("../../../examples/prompt-job/prompts.jsonl", import.meta.url);

/** The first lines of the file of prompts. */
export function readLines(count: number): readonly string[] {
  return readFileSync(INPUT, "utf8").trimEnd().split("\n").slice(0, count);
}
