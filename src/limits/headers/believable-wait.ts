import { atLeastZero } from "./at-least-zero.js";

const DAY_MS = 86_400_000;
/** The longest quotas are those of a month: more is a mistake of the server's, as a wrong unit. */
const LONGEST_BELIEVED = 31 * DAY_MS;

/** A wait in ms that a server asks for, made usable: a day at most, after which it is asked again; nothing for nonsense. */
export function believableWait(ms: number | undefined): number | undefined {
  const wait = atLeastZero(ms);
  return wait !== undefined && wait <= LONGEST_BELIEVED ? Math.min(wait, DAY_MS) : undefined;
}
