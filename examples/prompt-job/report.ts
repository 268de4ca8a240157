import { readFileSync } from "node:fs";
import type { PromptsSummary } from "manyhands/prompts";
import { count, plural, seconds, wrap } from "../file-pipeline/text.js";
import type { Checked } from "./check-answers.js";
import type { OneByOne } from "./one-by-one.js";

const LABEL = 11;
const COLUMN = 13;
const LINES_SHOWN = 4;

/** What is told at the end. */
export interface Outcome {
  readonly summary: PromptsSummary;
  readonly oneByOne: OneByOne;
  readonly checked: Checked;
}

/** Both ways side by side, and what became of the prompts. */
export function outcomeText({ summary, oneByOne, checked }: Outcome, columns: number): string {
  const { done, elapsed, usage, retried, throttled } = summary;
  const total = checked.right + checked.missing;
  const rows = [
    row("", "one by one", "concurrently"),
    row("asked", count(oneByOne.measured), count(done)),
    row(`all ${count(total)}`, `${seconds(oneByOne.estimate)} *`, seconds(elapsed)),
    row("a minute", count((total / oneByOne.estimate) * 60_000), count((done / elapsed) * 60_000)),
  ];
  const sentences = [
    `${(oneByOne.estimate / elapsed).toFixed(1)} times as fast`,
    `${count(checked.right)} of ${plural(total, "prompt")} have an answer of their own, ${count(checked.wrong)} a wrong one`,
    `Made again after a fault: ${plural(retried, "attempt")}, ${count(throttled)} of them for status 429`,
    `${count(usage.input)} tokens in, ${count(usage.output)} out`,
  ];
  const note = `* estimated from ${count(oneByOne.measured)} that ${oneByOne.measured === 1 ? "was" : "were"} asked one after the other`;
  return [
    ...rows.map((line) => line.trimEnd()),
    wrap(note.split(" "), columns, "  "),
    "",
    ...sentences.map((sentence) => wrap(sentence.split(" "), columns, "")),
  ].join("\n");
}

/** The first lines of the results file, as far as they fit. */
export function someLines(output: string, columns: number): string {
  const lines = readFileSync(output, "utf8").split("\n", LINES_SHOWN).filter(Boolean);
  return lines.map((line) => `  ${fit(line, columns - 2)}`).join("\n");
}

/** Characters that take two columns are few here: cut earlier rather than later. */
function fit(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(columns - 1, 1))}…`;
}

function row(label: string, left: string, right: string): string {
  return `  ${label.padEnd(LABEL)}${left.padStart(COLUMN)}${right.padStart(COLUMN)}`;
}
