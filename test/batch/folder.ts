import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder that is gone after the test. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "manyhands-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes items as JSON Lines into a new folder; returns the paths of an input and an output. */
export function makeInput(lines: readonly unknown[]): { folder: string; input: string; output: string } {
  const folder = makeFolder();
  const input = join(folder, "in.jsonl");
  writeFileSync(input, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return { folder, input, output: join(folder, "out.jsonl") };
}

/** Every line of a file, each of which must be whole and JSON. */
export function readLines<T = { index: number; output: unknown }>(path: string): T[] {
  const text = readFileSync(path, "utf8");
  if (text !== "" && !text.endsWith("\n")) throw new Error(`The last line of ${path} is torn`);
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as T);
}

/** Whole numbers from 0 on. */
export function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

/** What a file of failures says of an item. */
export interface Failure {
  readonly index: number;
  readonly input?: unknown;
  readonly text?: string;
  readonly error: { readonly name: string; readonly message: string; readonly code?: string };
}

/** Ends some turns of the event loop later, in an order of its own. */
export async function someTurns(n: number): Promise<void> {
  for (let turn = (n * 7) % 5; turn > 0; turn -= 1) await new Promise(setImmediate);
}
