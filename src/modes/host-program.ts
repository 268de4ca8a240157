/** Which file a host begins with, and the arguments of Node.js by which its modules get the library it can start fast with. */

/** Where a host begins. */
export interface HostProgram {
  readonly entry: URL;
  /**
   * Arguments of Node.js by which the modules of workers get the library without what they seldom use (`host-index.ts`), in
   * the same file. Without them all goes well too, only a start takes longer.
   */
  readonly arguments: readonly string[];
}

/** One of those that `scripts/link.js` makes. */
export function hostProgram(kind: "thread" | "packed-thread" | "process"): HostProgram {
  const entry = new URL(`../host/linked/${kind}-entry.js`, import.meta.url);
  return { entry, arguments: [`--conditions=manyhands-linked-${kind}`] };
}
