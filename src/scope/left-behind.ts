import { listWords } from "../config/one-of.js";
import { LeftBehindError } from "../errors.js";
import { Child } from "./child.js";
import type { Strand } from "./strand.js";

/** Names that a message lists at most. */
const LISTED = 10;

/** Names what a group waits for in vain: its body, children, and what they started. */
export function leftBehind(group: string, grace: number, strands: readonly Strand[]): LeftBehindError {
  const names = namesOf(strands);
  return new LeftBehindError(
    `Cannot wait longer for ${listed(names)} as the group '${group}' was cancelled ${grace} ms ago`,
    { names, grace },
  );
}

/**
 * What a group waits for, as messages list it.
 * @param waiting - how many children have not begun
 */
export function listPending(strands: readonly Strand[], waiting: number): string {
  return listed(namesOf(strands), waiting);
}

function namesOf(strands: readonly Strand[]): string[] {
  return strands.flatMap((strand) => {
    const members = strand.members.map(({ label }) => label);
    return strand.isRunning ? [strand instanceof Child ? strand.name : "its body", ...members] : members;
  });
}

function listed(names: readonly string[], others = 0): string {
  const more = Math.max(0, names.length - LISTED) + others;
  return listWords(names.slice(0, LISTED)) + (more > 0 ? ` and ${more} more` : "");
}
