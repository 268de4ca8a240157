import type { QueryResult } from "./database.js";

/** Makes objects of rows that are lists, one more than wanted telling that there are more. */
export function rowsOf(names: readonly string[], lists: readonly (readonly unknown[])[], maxRows: number): QueryResult {
  const columns = distinct(names);
  return {
    columns,
    // `fromEntries` defines: a column named `__proto__` is one as any other.
    rows: lists.slice(0, maxRows).map((list) => Object.fromEntries(columns.map((name, index) => [name, list[index]]))),
    isTruncated: lists.length > maxRows,
  };
}

/** `["id", "id"]` becomes `["id", "id_2"]`: a join of two tables often has both, and none is to hide the other. */
function distinct(names: readonly string[]): string[] {
  const seen = new Set<string>();
  for (const name of names) {
    let own = name;
    for (let number = 2; seen.has(own); number += 1) own = `${name}_${number}`;
    seen.add(own);
  }
  return [...seen];
}
