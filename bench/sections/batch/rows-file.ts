import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Makes a file of so many rows, of about 42 bytes each, lets `use` have it, and removes it with what lies beside it. */
export async function withRows<T>(rows: number, use: (input: string, output: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "manyhands-bench-"));
  try {
    const input = join(folder, "in.jsonl");
    const file = openSync(input, "w");
    for (let row = 0; row < rows;) {
      let lines = "";
      for (const end = Math.min(rows, row + 10_000); row < end; row += 1) {
        lines += `{"id":${row},"text":"item number ${row}"}\n`;
      }
      writeSync(file, lines);
    }
    closeSync(file);
    return await use(input, join(folder, "out.jsonl"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
