import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { toUsageError, UsageError, wholeNumber } from "../file-pipeline/usage-error.js";

/** What is asked for on the command line. */
export interface Arguments {
  /** How many of the prompts are asked, the first ones. */
  readonly prompts: number;
  readonly output: string;
  readonly isHelp: boolean;
}

export const HELP = `Usage: npm start -- --only prompts [OPTIONS]

Asks a simulated model a thousand prompts, under its limits and in
spite of its faults, and some of them one by one, to compare.

--prompts N         only the first N
--output FILE       JSON Lines; default: build/answers.jsonl
--help              this text

Exit codes: 0 all answered, 1 some failed, 2 bad usage,
130 interrupted (Ctrl-C; twice ends at once)
`;

const ALL = 1000;
/** This program is run from `build/examples/prompt-job`. */
const OUTPUT = new URL("../../answers.jsonl", import.meta.url);

/** @throws {UsageError} */
export function parseArguments(args: readonly string[]): Arguments {
  const { values } = parse(args);
  const prompts = wholeNumber("--prompts", values.prompts);
  if (prompts > ALL) throw new UsageError(`Cannot ask ${prompts} prompts: there are ${ALL}`);
  return {
    prompts,
    output: resolve(values.output ?? fileURLToPath(OUTPUT)),
    isHelp: values.help,
  };
}

// oxlint-disable-next-line typescript/explicit-function-return-type
function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        prompts: { type: "string", default: String(ALL) },
        output: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw toUsageError(error);
  }
}
