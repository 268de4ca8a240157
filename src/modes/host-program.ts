/** Which file a host begins with, and the arguments of Node.js by which its modules get the library it can start fast with. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DefinitionError } from "../errors.js";

/** Where a host begins. */
export interface HostProgram {
  readonly entry: URL;
  /**
   * Arguments of Node.js by which the modules of workers get the library without what they seldom use (`host-index.ts`), in
   * the same file. Without them all goes well too, only a start takes longer.
   */
  readonly arguments: readonly string[];
}

type Kind = "thread" | "packed-thread" | "process";

/** Those that were found to be there. */
const found = new Set<Kind>();

/**
 * The file is looked for once, as it lies beside this one, unless this one was put somewhere else.
 * @throws {DefinitionError} when it is missing
 */
export function assertNotBundled(kind: Kind, name: string): void {
  if (found.has(kind)) return;
  const { entry } = hostProgram(kind);
  if (!existsSync(entry)) {
    throw new DefinitionError(
      `Cannot start a pool of '${name}' as the file that its workers begin with is missing: manyhands must not be bundled, ` +
        `so leave it external: current value is ${fileURLToPath(entry)}`,
    );
  }
  found.add(kind);
}

/** One of those that `scripts/link.js` makes. */
export function hostProgram(kind: Kind): HostProgram {
  const entry = new URL(`../host/linked/${kind}-entry.js`, import.meta.url);
  return { entry, arguments: [`--conditions=manyhands-linked-${kind}`] };
}

/** One of threads, whose file loads another with all that it does, which can be compiled before. */
export function threadProgram(kind: "thread" | "packed-thread"): HostProgram & { readonly code: URL } {
  const program = hostProgram(kind);
  return { ...program, code: new URL(`./${kind}-program.cjs`, program.entry) };
}
