/**
 * Reads an array as PostgreSQL writes it, `{1,NULL,"a \"b\""}`, nested ones too; bounds before it (`[0:2]=`) are dropped.
 *
 * @param read - makes a value of the text of an element
 */
export function readArray(text: string, read: (text: string) => unknown): unknown[] {
  const token = /"((?:[^"\\]|\\[^])*)"|[{},]|[^{},"]+/g;
  token.lastIndex = text.indexOf("{");
  const root: unknown[] = [];
  const open: unknown[][] = [root];
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const [word, quoted] = match;
    const inner = open.at(-1)!;
    if (word === "{") {
      const list: unknown[] = [];
      inner.push(list);
      open.push(list);
    } else if (word === "}") open.pop();
    else if (quoted !== undefined) inner.push(read(quoted.replaceAll(/\\([^])/g, "$1")));
    else if (word !== ",") inner.push(word === "NULL" ? null : read(word));
    if (open.length === 1) break;
  }
  return root[0] as unknown[];
}
