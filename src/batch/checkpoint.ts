/**
 * The settings an output was made with, in a file beside it.
 *
 * C1. It is written before the first line of the output, whole or not at all: an output with lines has a checkpoint, at
 *     whatever moment its writer was killed.
 * C2. It says nothing of an output without lines.
 */
import { open, readFile, rename, rm } from "node:fs/promises";
import { isDeepStrictEqual, inspect } from "node:util";
import { identifyFile, type InputIdentity } from "./input-identity.js";
import { refusal } from "./refuse.js";

const VERSION = 1;

/** What a run and its output have in common. */
export interface Checkpoint {
  readonly ordered: boolean;
  /** What else the lines of the output depend on, as the caller says: plain data. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly input: InputIdentity;
}

/** Where the settings of an output are. */
export function checkpointPath(output: string): string {
  return `${output}.manyhands`;
}

/** The settings of an output; `undefined` when there are none, or none that can be read. */
export async function readCheckpoint(output: string): Promise<Checkpoint | undefined> {
  try {
    const { version, ...found } = JSON.parse(await readFile(checkpointPath(output), "utf8")) as Checkpoint & {
      version: number;
    };
    return version === VERSION && typeof found.input === "object" && typeof found.settings === "object"
      ? found
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Replaces the settings of an output (C1). */
export async function writeCheckpoint(output: string, checkpoint: Checkpoint): Promise<void> {
  const path = checkpointPath(output);
  const draft = `${path}.${process.pid}`;
  try {
    const file = await open(draft, "w");
    try {
      await file.writeFile(`${JSON.stringify({ version: VERSION, ...checkpoint })}\n`);
      await file.datasync().catch(() => {});
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw error;
  }
}

/**
 * Checks that an output may be continued.
 *
 * @param input - the path of the input, where it is a file
 * @throws {BatchRefusedError} naming what differs
 */
export async function compareCheckpoints(
  output: string,
  before: Checkpoint | undefined,
  now: Checkpoint,
  input: string | undefined,
): Promise<void> {
  if (!before) {
    throw refusal("settings", `Cannot resume ${output} as it does not say how it was made: ${checkpointPath(output)}`);
  }
  // As text and back: the settings that were read have been through it too.
  const settings = JSON.parse(JSON.stringify(now.settings)) as Record<string, unknown>;
  const names = new Set([...Object.keys(before.settings), ...Object.keys(settings)]);
  for (const name of names) {
    if (isDeepStrictEqual(before.settings[name], settings[name])) continue;
    throw refusal(
      "settings",
      `Cannot resume ${output} as it was made with other settings: '${name}' was ${show(before.settings[name])} and is ` +
        show(settings[name]),
    );
  }
  await compareInputs(output, before.input, now.input, input);
}

async function compareInputs(
  output: string,
  before: InputIdentity,
  now: InputIdentity,
  path: string | undefined,
): Promise<void> {
  if (isDeepStrictEqual(before, now)) return;
  const made = `Cannot resume ${output} as it was made from another input`;
  if (before.kind !== now.kind) throw refusal("input", `${made}: that was a ${before.kind}, this is a ${now.kind}`);
  if (path === undefined) throw refusal("input", `${made}: that had another first line`);
  if (before.size === now.size) throw refusal("input", `${made} than ${path}, or that has changed since`);
  const hasGrown = now.size! > before.size! && (await identifyFile(path, before.size)).digest === before.digest;
  throw refusal(
    "input",
    hasGrown
      ? `Cannot resume ${output} as ${path} has grown since, from ${before.size} to ${now.size} bytes`
      : `${made} than ${path}: that had ${before.size} bytes, this has ${now.size}`,
  );
}

function show(value: unknown): string {
  return value === undefined ? "not set" : inspect(value, { depth: 3, breakLength: Infinity, maxStringLength: 100 });
}
