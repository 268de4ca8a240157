/** Options of commands that run over the lines of a file, and what they mean. */
import type { BatchOptions } from "../../batch/options.js";
import type { CommandContext, OptionSpec } from "../command.js";
import { readCount, readDuration, readFlag, readText } from "../read-value.js";
import { UsageError } from "../usage-error.js";

type Specs = Readonly<Record<string, OptionSpec>>;

const GRACE = 5000;

export const OUTPUT_OPTIONS: Specs = {
  output: {
    type: "string",
    short: "o",
    value: "FILE",
    help: "The output, which is also the checkpoint; - is standard output, which cannot be resumed",
  },
  failures: { type: "string", value: "FILE", help: "What failed, and why (default: OUTPUT.failures)" },
  "no-failures": { type: "boolean", help: "Do not keep what failed" },
};

export const EXISTING_OPTIONS: Specs = {
  resume: { type: "boolean", help: "Finish it: run what is missing, and what failed" },
  overwrite: { type: "boolean", help: "Begin anew" },
  force: { type: "boolean", help: "With --resume: also if it was made with other settings or from another input" },
};

export const ENDING_OPTIONS: Specs = {
  "max-failures": { type: "string", value: "N", help: "Stop when so many items have failed" },
  grace: { type: "string", value: "TIME", help: "How long running items may take to end after Ctrl-C (default: 5s)" },
};

export const DISPLAY_OPTIONS: Specs = {
  "no-progress": { type: "boolean", help: "No progress" },
  quiet: { type: "boolean", short: "q", help: "Nothing but errors" },
};

/** What was typed about files, and about how the run ends. */
export interface FileSettings {
  /** As typed: `-` is standard input. */
  readonly input: string;
  /** As typed: `-` is standard output. */
  readonly output: string;
  readonly grace: number;
  readonly isQuiet: boolean;
  readonly hasProgress: boolean;
  /** The same as a batch takes it. */
  readonly batch: Pick<
    BatchOptions,
    "input" | "output" | "failures" | "resume" | "overwrite" | "force" | "maxFailures" | "grace"
  >;
}

/**
 * @param command - the name of the command
 * @param inputs - what follows the options; one input is expected
 * @throws {UsageError} for what is missing, or does not go together
 */
export function readFileSettings(
  command: string,
  { values, streams }: CommandContext,
  inputs: readonly string[],
): FileSettings {
  const [input, ...others] = inputs;
  if (input === undefined) {
    throw new UsageError(`Cannot ${VERBS[command]} as no input was given: name a file, or - for standard input`);
  }
  if (others.length > 0) {
    throw new UsageError(`Cannot ${VERBS[command]} '${others[0]}' too as there is one input: quote names with spaces`);
  }
  const output = readText(values, "output");
  if (output === undefined) {
    throw new UsageError(`Cannot ${VERBS[command]} as no output was given: add -o OUTPUT.jsonl`);
  }
  if (readFlag(values, "no-failures") && readText(values, "failures") !== undefined) {
    throw new UsageError("Cannot set '--no-failures' as '--failures' is set too: choose one");
  }
  const [resume, overwrite] = [readFlag(values, "resume"), readFlag(values, "overwrite")];
  if (output === "-" && resume) {
    throw new UsageError("Cannot resume standard output as what was written cannot be read: name a file with -o");
  }
  if (resume && overwrite) {
    throw new UsageError("Cannot set '--overwrite' as '--resume' is set too: choose one");
  }
  const grace = readDuration(values, "grace") ?? GRACE;
  const isQuiet = readFlag(values, "quiet");
  return {
    input,
    output,
    grace,
    isQuiet,
    hasProgress: !isQuiet && !readFlag(values, "no-progress"),
    batch: {
      input: input === "-" ? streams.stdin : input,
      output: output === "-" ? streams.stdout : output,
      failures: readFlag(values, "no-failures") ? false : readText(values, "failures"),
      resume,
      overwrite,
      force: readFlag(values, "force"),
      maxFailures: readCount(values, "max-failures", 1),
      grace,
    },
  };
}

/** What commands do to an input. */
const VERBS: Readonly<Record<string, string>> = { map: "map", prompts: "ask" };
