import type { Command, OptionSpec } from "./command.js";
import { COMMON_OPTIONS } from "./parse-arguments.js";
import { wrap } from "./wrap.js";

const WIDTH = 80;
const COLUMN = 26;
const EXIT_CODES =
  "Exit codes: 0 done, 1 some items failed or the run had to stop, 2 wrong usage, 130 interrupted: can be resumed.";

/** What `manyhands --help` shows. */
export function generalHelp(commands: readonly Command[]): string {
  return [
    "manyhands: many calls at once, on threads, in processes, or here",
    "",
    "Usage: manyhands COMMAND [arguments] [options]",
    "",
    "Commands:",
    ...commands.map(({ name, summary }) => row(name, summary)),
    "",
    "Options:",
    row("-h, --help", "Show this, or the help of a command: manyhands COMMAND --help"),
    row("    --version", "Show the version"),
    "",
    ...wrap(EXIT_CODES, WIDTH),
    "",
  ].join("\n");
}

/** What `manyhands COMMAND --help` shows. */
export function commandHelp(command: Command): string {
  const { name, summary, usage, details, options, examples, exitCodes = EXIT_CODES } = command;
  return [
    `manyhands ${name}: ${summary}`,
    "",
    `Usage: manyhands ${name} ${usage}`,
    ...details.flatMap((paragraph) => ["", ...wrap(paragraph, WIDTH)]),
    ...Object.entries({ ...options, General: COMMON_OPTIONS }).flatMap(([group, specs]) => [
      "",
      `${group}:`,
      ...Object.entries(specs).map(([option, spec]) => row(label(option, spec), spec.help)),
    ]),
    "",
    "Examples:",
    ...examples.map((example) => `  ${example}`),
    "",
    ...wrap(exitCodes, WIDTH),
    "",
  ].join("\n");
}

function label(name: string, { short, value }: OptionSpec): string {
  return `${short ? `-${short},` : "   "} --${name}${value ? ` ${value}` : ""}`;
}

function row(left: string, text: string): string {
  const [first = "", ...others] = wrap(text, WIDTH - COLUMN - 2);
  const indent = " ".repeat(COLUMN + 2);
  const head = `  ${left}`.padEnd(COLUMN);
  return head.length > COLUMN
    ? [head, ...[first, ...others].map((line) => indent + line)].join("\n")
    : [`${head}  ${first}`, ...others.map((line) => indent + line)].join("\n");
}
