import type { Streams } from "./command.js";

/** How many columns the terminal has that a stream writes to; `undefined` where it is none, and nothing is cut. */
export function terminalWidth(stream: Streams["stdout"]): number | undefined {
  const { isTTY, columns } = stream as Partial<NodeJS.WriteStream>;
  return isTTY ? columns : undefined;
}
