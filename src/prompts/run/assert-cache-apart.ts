import { checkpointPath } from "../../batch/checkpoint.js";
import { identify, realPath } from "../../batch/file-identity.js";
import { latePath } from "../../batch/merge-outputs.js";
import type { ResolvedRun } from "./run-options.js";

/**
 * Makes sure that the file of the cache is none of the files of the run: lines of both in one would be the end of either.
 *
 * @throws {TypeError} when it is one of them; nothing has changed
 */
export async function assertCacheApart(cache: string, files: ResolvedRun["files"]): Promise<void> {
  const { input, output, failures } = files;
  const others = [
    ["the input", input],
    ["the output", output],
    ["the failures", failures ?? (typeof output === "string" && `${output}.failures`)],
    ["the checkpoint", typeof output === "string" && checkpointPath(output)],
    ["part of the output", typeof output === "string" && latePath(output)],
  ] as const;
  const own = await namesOf(cache);
  for (const [what, path] of others) {
    if (typeof path !== "string") continue;
    if ((await namesOf(path)).some((name) => own.includes(name))) {
      throw new TypeError(`Cannot keep answers in ${cache} as it is ${what}: choose another file for 'cache'`);
    }
  }
}

/** What all names of a file have in common, as far as there is such a file, or its folder. */
async function namesOf(path: string): Promise<string[]> {
  const found = [await realPath(path).catch(() => undefined), await identify(path)];
  return found.filter((name) => name !== undefined);
}
