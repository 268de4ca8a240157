import { wrap } from "../file-pipeline/text.js";

const COLUMNS = 80;

/** One question and what came of it. */
export function print(index: number, question: string, result: unknown): void {
  console.log(`${index + 1}. ${question}`);
  printText(result instanceof Error ? `failed: ${result.message}` : String(result));
}

/** Indented, and broken into lines where it is long. */
export function printText(text: string): void {
  for (const line of text.split("\n")) console.log(wrap(line.split(" "), COLUMNS, "   "));
}
