/** Stacks of errors, as their readers want them: whose code failed is above, what called it is always the same. */
import { fileURLToPath } from "node:url";

/** Where the files of the library lie, and, as source maps have it, their sources. */
const findOwn = (): readonly string[] => [
  new URL("../", import.meta.url).href,
  fileURLToPath(new URL("../../src/", import.meta.url)),
];
let own: readonly string[] | undefined;
const FRAME = /^\s+at /;
const INSIDE_NODE = /\(node:|at node:/;

/** The stack without the frames of the library at its end, where there are others above. */
export function withoutOwnFrames(stack: string): string {
  const folders = (own ??= findOwn());
  const lines = stack.split("\n");
  let end = lines.length;
  let isOurs = false;
  for (; end > 0; end -= 1) {
    const line = lines[end - 1]!;
    const isOwn = folders.some((folder) => line.includes(folder));
    if (!isOwn && !INSIDE_NODE.test(line)) break;
    isOurs ||= isOwn;
  }
  return isOurs && end > 0 && FRAME.test(lines[end - 1]!) ? lines.slice(0, end).join("\n") : stack;
}
