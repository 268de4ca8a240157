import { getSystemErrorMap } from "node:util";
import type { FileRecord } from "./analyser.js";

/** Why files failed, and one of them. */
export interface FailureGroup {
  count: number;
  readonly example: string;
}

/** Adds up what became of the files. */
export class Totals {
  files = 0;
  bytes = 0;
  lines = 0;
  words = 0;
  identifiers = 0;
  /** Begun, and given up as the run was interrupted. */
  cancelled = 0;
  /** How many, by reason. */
  readonly skipped = new Map<string, number>();
  readonly failed = new Map<string, FailureGroup>();

  get skippedCount(): number {
    return sum(this.skipped.values());
  }

  get failedCount(): number {
    return sum([...this.failed.values()].map(({ count }) => count));
  }

  /** Entries with an outcome. */
  get seen(): number {
    return this.files + this.skippedCount + this.failedCount;
  }

  add({ bytes, lines, words, identifiers }: FileRecord): void {
    this.files += 1;
    this.bytes += bytes;
    this.lines += lines;
    this.words += words;
    this.identifiers += identifiers;
  }

  skip(reason: string): void {
    this.skipped.set(reason, (this.skipped.get(reason) ?? 0) + 1);
  }

  fail(path: string, error: unknown): void {
    const reason = reasonOf(error);
    const group = this.failed.get(reason);
    if (group) group.count += 1;
    else this.failed.set(reason, { count: 1, example: path });
  }
}

/** The same for all errors of one kind: paths and numbers are left out. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, errno } = error as NodeJS.ErrnoException;
  const [, text] = (errno === undefined ? undefined : getSystemErrorMap().get(errno)) ?? [];
  return text === undefined ? (code ?? error.name) : `${text} (${code})`;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
