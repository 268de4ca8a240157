import { listWords } from "../config/one-of.js";
import { LeftBehindError } from "../errors.js";
import { Child } from "./child.js";
import type { Strand } from "./strand.js";

/** Names that a message lists at most. */
const LISTED = 10;

/** Names what a group waits for in vain: its body, children, and what they started. */
export function leftBehind(group: string, grace: number, strands: readonly Strand[]): LeftBehindError {
  const names = strands.flatMap((strand) => {
    const members = strand.members.map(({ label }) => label);
    return strand.isRunning ? [strand instanceof Child ? strand.name : "its body", ...members] : members;
  });
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : "";
  return new LeftBehindError(
    `Cannot wait longer for ${listWords(names.slice(0, LISTED))}${more} as the group '${group}' was cancelled ${grace} ms ago`,
    { names, grace },
  );
}
