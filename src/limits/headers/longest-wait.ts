import { listItems } from "./list-items.js";

/** The longest of the times, in ms, that `read` finds in the items of a header; what it cannot read is passed over. */
export function longestWait(
  values: readonly string[] | undefined,
  read: (item: string) => number | undefined,
): number | undefined {
  let longest: number | undefined;
  for (const item of listItems(values ?? [])) {
    const ms = read(item);
    if (ms !== undefined && (longest === undefined || ms > longest)) longest = ms;
  }
  return longest;
}
