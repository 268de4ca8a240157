/** One statement of a text of SQL. */
export interface SqlPart {
  /** From its first word to before its `;`, comments inside kept. */
  readonly text: string;
  /** The word it begins with, in upper case; `""` where it begins with none. */
  readonly verb: string;
}

/**
 * Everything whose inside is no SQL, as PostgreSQL reads it: comments, strings, quoted names, dollar quotes; else the end
 * of a statement, or any one character. What is not closed extends to the end. Comments that nest are read by `commentEnd`.
 */
const TOKEN =
  /--[^\n]*|\/\*|[eE]'(?:[^'\\]+|\\[^]|'')*(?:'|$)|'(?:[^']+|'')*(?:'|$)|"(?:[^"]+|"")*(?:"|$)|(\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)|[\w\u0080-\uffff][\w$\u0080-\uffff]*|[^]/y;

/**
 * Takes a text of SQL apart into its statements. For messages and for finding SQL in prose: what may run, the database
 * itself decides.
 */
export function splitSql(sql: string): SqlPart[] {
  const parts: SqlPart[] = [];
  let start = -1;
  let end = 0;
  let verb: string | undefined;
  const finish = (): void => {
    if (start !== -1) parts.push({ text: sql.slice(start, end), verb: verb ?? "" });
    start = -1;
    verb = undefined;
  };
  for (let at = 0; at < sql.length;) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(sql)!;
    const token = match[0];
    let next = at + token.length;
    if (token === "/*") next = commentEnd(sql, at);
    else if (match[1] !== undefined) next = dollarEnd(sql, next, match[1]);
    const isNothing = token === "/*" || token.startsWith("--") || /^\s/.test(token);
    if (token === ";") finish();
    else if (!isNothing) {
      if (start === -1) start = at;
      // Parentheses may stand before the first word.
      if (verb === undefined && token !== "(") verb = /^[A-Za-z]/.test(token) ? token.toUpperCase() : "";
      end = next;
    }
    at = next;
  }
  finish();
  return parts;
}

function commentEnd(sql: string, start: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = start;
  let depth = 0;
  for (let match = edge.exec(sql); match; match = edge.exec(sql)) {
    depth += match[0] === "/*" ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return sql.length;
}

function dollarEnd(sql: string, from: number, tag: string): number {
  const found = sql.indexOf(tag, from);
  return found === -1 ? sql.length : found + tag.length;
}
