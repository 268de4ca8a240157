import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Mode } from "manyhands";
import { toUsageError, UsageError, wholeNumber } from "./usage-error.js";
import { MEGABYTE } from "./walk.js";

/** What is asked for on the command line. */
export interface Arguments {
  readonly folder: string;
  readonly output: string;
  readonly mode: Mode;
  readonly workers: number;
  /** In bytes. */
  readonly maxSize: number;
  readonly isCompared: boolean;
  readonly isHelp: boolean;
}

export const HELP = `Usage: npm start -- --only files [FOLDER] [OPTIONS]

Reads every text file below FOLDER, hashes it and counts its
lines, words and identifiers, in three pools:
  Reader (async) > Analyser (MODE) > Recorder (async, 1 worker)

FOLDER              default: node_modules of this project
--mode MODE         sync, async, thread or process; default: thread
--workers N         workers that analyse; default: one per core
--output FILE       JSON Lines; default: build/files.jsonl
--max-size MB       skip larger files; default: 64
--no-compare        do not measure the speed-up
--help              this text

Exit codes: 0 all read, 1 some files failed, 2 bad usage,
130 interrupted (Ctrl-C; twice ends at once)
`;

const MODES: readonly Mode[] = ["sync", "async", "thread", "process"];
const MOST_WORKERS = 256;

/** @throws {UsageError} */
export function parseArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parse(args);
  if (positionals.length > 1) {
    throw new UsageError(`Cannot read ${positionals.length} folders at once: name one, in quotes if it has spaces`);
  }
  const mode = MODES.find((known) => known === values.mode);
  if (!mode) throw new UsageError(`Cannot use mode '${values.mode}': choose one of ${MODES.join(", ")}`);
  const isSingle = mode === "sync" || mode === "async";
  const workers = wholeNumber("--workers", values.workers ?? String(isSingle ? 1 : availableParallelism()));
  if (mode === "sync" && workers !== 1) {
    throw new UsageError(`Cannot use ${workers} workers in mode 'sync': leave out --workers, or choose another mode`);
  }
  if (workers > MOST_WORKERS) throw new UsageError(`Cannot start ${workers} workers: use at most ${MOST_WORKERS}`);
  const root = packageRoot();
  return {
    folder: resolve(positionals[0] ?? join(root, "node_modules")),
    output: resolve(values.output ?? join(root, "build", "files.jsonl")),
    mode,
    workers,
    maxSize: wholeNumber("--max-size", values["max-size"]) * MEGABYTE,
    isCompared: !values["no-compare"],
    isHelp: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        mode: { type: "string", default: "thread" },
        workers: { type: "string" },
        output: { type: "string" },
        "max-size": { type: "string", default: "64" },
        "no-compare": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw toUsageError(error);
  }
}

/** The nearest folder above this script that holds a package. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json")) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}
