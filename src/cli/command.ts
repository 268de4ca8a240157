/** What a command of the command line is. */
import type { Readable, Writable } from "node:stream";

/** An option of a command. */
export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly short?: string;
  /** What stands for the value in the help, as in `FILE`. */
  readonly value?: string;
  readonly help: string;
  /** Whether it may be given several times: its values are joined by commas. */
  readonly isList?: boolean;
}

/** Values of options by name, as far as they were given. */
export type OptionValues = Readonly<Record<string, string | boolean | undefined>>;

/** Where a command reads and writes: those of the process, but in tests. */
export interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** What a command runs with. */
export interface CommandContext {
  readonly streams: Streams;
  /** All that was typed after the name of the program, to be shown again. */
  readonly argv: readonly string[];
  readonly values: OptionValues;
  readonly positionals: readonly string[];
}

/** A command, as the table and the help know it. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** What follows the name, as in `MODULE INPUT`. */
  readonly usage: string;
  /** Paragraphs between the usage and the options. */
  readonly details: readonly string[];
  /** Options in groups, as the help shows them. */
  readonly options: Readonly<Record<string, Readonly<Record<string, OptionSpec>>>>;
  readonly examples: readonly string[];
  /** How it ends, where not as a run over a file does. */
  readonly exitCodes?: string;
  /** Runs it; resolves with the exit code. */
  run(context: CommandContext): Promise<number>;
}

/** How a command ends. */
export const EXIT = {
  done: 0,
  /** Some items failed, or the run had to stop. */
  incomplete: 1,
  usage: 2,
  interrupted: 130,
} as const;
