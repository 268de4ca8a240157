/** Runs the program of a thread as its starter has compiled it, so that the thread need not parse it. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { compileFunction } from "node:vm";
import { workerData } from "node:worker_threads";
import { CODE_PARAMETERS, cachedCode } from "../modes/host-code.js";
import type { ThreadData } from "../modes/thread.js";

/** What the file of a program exports: what it does, given where it stands and how it imports. */
type Program = (url: string, load: (url: string) => Promise<unknown>) => object;

/**
 * @param file - of the program, beside the one at `url`, which is where a thread begins
 * @returns the library as the program has it
 */
export function loadProgram(file: string, url: string, load: (url: string) => Promise<unknown>): object {
  return readProgram(file, url)(url, load);
}

function readProgram(file: string, url: string): Program {
  // Only by its own loaders Node.js reads source maps.
  if (process.sourceMapsEnabled) return createRequire(url)(file) as Program;
  const given = workerData as Partial<ThreadData> | null | undefined;
  const place = new URL(file, url);
  const cachedData = cachedCode(given?.["manyhands.thread"]?.code);
  const define = compileFunction(readFileSync(place, "utf8"), CODE_PARAMETERS, {
    filename: place.href,
    ...(cachedData && { cachedData }),
  }) as (module: { exports?: Program }) => void;
  const module: { exports?: Program } = {};
  define(module);
  return module.exports!;
}
