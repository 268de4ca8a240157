/** Which file a host begins with, and the arguments of Node.js by which its modules get the library it can start fast with. */
import { statSync } from "node:fs";

/** Where a host begins. */
export interface HostProgram {
  readonly entry: URL;
  /**
   * Arguments of Node.js by which the modules of workers get the library without what they seldom use (`host-index.ts`).
   * Without them all goes well too, only a start takes longer.
   */
  readonly arguments: readonly string[];
}

/** One that is loaded module by module. */
export function plainProgram(name: string): HostProgram {
  return { entry: new URL(`../host/${name}.js`, import.meta.url), arguments: ["--conditions=manyhands-host"] };
}

/** The same, linked into one file where there is one (`scripts/link.js`): that starts in half the time. */
export function hostProgram(mode: "thread" | "process"): HostProgram {
  if (!isLinked()) return plainProgram(`${mode}-entry`);
  const entry = new URL(`../host/linked/${mode}-entry.js`, import.meta.url);
  return { entry, arguments: [`--conditions=manyhands-linked-${mode}`] };
}

let found: boolean | undefined;

function isLinked(): boolean {
  return (found ??= isNewer("../host/linked/process-entry.js", "../../build/.cache/src.tsbuildinfo"));
}

/** In a clone of the repository the compiler may have run since. */
function isNewer(linked: string, compiled: string): boolean {
  const at = modifiedAt(linked);
  return at !== undefined && at >= (modifiedAt(compiled) ?? 0);
}

function modifiedAt(path: string): number | undefined {
  return statSync(new URL(path, import.meta.url), { throwIfNoEntry: false })?.mtimeMs;
}
