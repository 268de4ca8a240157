import { closest } from "../config/closest.js";
import { EXIT, type Streams } from "./command.js";
import { COMMANDS } from "./commands.js";
import { commandHelp, generalHelp } from "./help.js";
import { parseArguments } from "./parse-arguments.js";
import { reportError } from "./report-error.js";
import { UsageError } from "./usage-error.js";
import { version } from "./version.js";

/**
 * Runs what was typed; resolves with the exit code, and never rejects.
 * @param argv - what follows the name of the program
 */
export async function runProgram(argv: readonly string[], streams: Streams = process): Promise<number> {
  const { stdout } = streams;
  const [first] = argv;
  const command = COMMANDS.find(({ name }) => name === first);
  try {
    if (first === "--version") {
      stdout.write(`${version()}\n`);
      return EXIT.done;
    }
    if (first === "--help" || first === "-h" || first === "help") {
      const asked = COMMANDS.find(({ name }) => name === argv[1]);
      stdout.write(asked ? commandHelp(asked) : generalHelp(COMMANDS));
      return EXIT.done;
    }
    if (!command) throw unknownCommand(first);
    if (asksForHelp(argv)) {
      stdout.write(commandHelp(command));
      return EXIT.done;
    }
    return await command.run(parseArguments(command, argv, streams));
  } catch (error) {
    return reportError(command?.name, error, jsonStream(argv, streams), streams.stderr);
  }
}

/** Where an error is told as JSON, if it is; not where data go, though nobody may have read the arguments yet. */
function jsonStream(argv: readonly string[], { stdout, stderr }: Streams): Streams["stdout"] | undefined {
  if (!argv.includes("--json")) return undefined;
  const isData = argv.some(
    (argument, at) =>
      /^(?:-o|--output=)-$/.test(argument) || (argument === "-" && /^(?:-o|--output)$/.test(argv[at - 1] ?? "")),
  );
  return isData ? stderr : stdout;
}

function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  const options = end === -1 ? argv : argv.slice(0, end);
  return options.includes("--help") || options.includes("-h");
}

function unknownCommand(name: string | undefined): UsageError {
  if (name === undefined) return new UsageError("Cannot run anything as no command was given: see manyhands --help");
  const names = COMMANDS.map((command) => command.name);
  const hint = closest(name, names);
  return new UsageError(
    `Cannot run '${name}' as there is no such command: ${hint ? `did you mean '${hint}'?` : "see manyhands --help"}`,
  );
}
