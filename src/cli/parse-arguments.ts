import { parseArgs } from "node:util";
import { closest } from "../config/closest.js";
import type { Command, CommandContext, OptionSpec, Streams } from "./command.js";
import { UsageError } from "./usage-error.js";

/** Options that every command has. */
export const COMMON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  json: { type: "boolean", help: "Report on standard output as one line of JSON, errors included" },
  help: { type: "boolean", short: "h", help: "Show this" },
};

/** All options of a command by name. */
export function optionsOf(command: Command): Readonly<Record<string, OptionSpec>> {
  return Object.assign({}, ...Object.values(command.options), COMMON_OPTIONS) as Record<string, OptionSpec>;
}

/**
 * Reads the arguments of a command.
 * @throws {UsageError} naming the argument at fault
 */
export function parseArguments(command: Command, argv: readonly string[], streams: Streams): CommandContext {
  const options = optionsOf(command);
  const { tokens } = parseArgs({
    args: argv.slice(1),
    options: Object.fromEntries(
      Object.entries(options).map(([name, { type, short }]) => [name, { type, ...(short && { short }) }]),
    ),
    // Its own errors know no remedy.
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, string | boolean> = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue } = token;
    const spec = Object.hasOwn(options, name) ? options[name] : undefined;
    if (!spec) throw unknownOption(command, rawName, Object.keys(options));
    const earlier = spec.isList ? values[name] : undefined;
    if (earlier === undefined && Object.hasOwn(values, name))
      throw new UsageError(`Cannot set '${rawName}' as it is set already: choose one`);
    if (spec.type === "boolean") {
      if (value !== undefined) throw new UsageError(`Cannot set '${rawName}' to a value as it takes none: '${value}'`);
      values[name] = true;
      continue;
    }
    const isMissing = value === undefined || value === "" || (!inlineValue && value.startsWith("-") && value !== "-");
    if (isMissing) throw new UsageError(`Cannot set '${rawName}' as it needs a value: ${rawName} ${spec.value}`);
    values[name] = earlier === undefined ? value : `${earlier as string},${value}`;
  }
  return { argv, values, positionals, streams };
}

function unknownOption(command: Command, rawName: string, known: readonly string[]): UsageError {
  const name = rawName.slice(2);
  const isLong = rawName.startsWith("--") && name !== "";
  const hint = isLong ? (known.find((option) => option.startsWith(name)) ?? closest(name, known)) : undefined;
  const remedy = hint ? `did you mean '--${hint}'?` : `see manyhands ${command.name} --help`;
  return new UsageError(`Cannot use '${rawName}' as there is no such option: ${remedy}`);
}
