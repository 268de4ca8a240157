import { stripVTControlCharacters } from "node:util";

/** A text of several lines as a terminal may be given it: nothing in it moves the cursor or rings. */
export function controlFree(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[^\P{Control}\n\t]/gu, " ");
}
