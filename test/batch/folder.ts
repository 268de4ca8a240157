import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is gone after the test. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "manyhands-test-"));
  folders.push(folder);
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
