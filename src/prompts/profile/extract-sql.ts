import { InvalidSqlError } from "../../errors.js";
import { splitSql } from "../database/split-sql.js";

// A model that has lost its way may answer with a million spaces: each of these reads a text in one go.

/** A block of Markdown: its fence, its language, its content, to the end of the text where it is not closed. */
const FENCE = /^[ \t]*(`{3,}(?!`)|~{3,}(?!~))([^\n]*)\n([^]*?)(?:^[ \t]*\1|(?![^]))/gm;

const OBJECTS =
  "table|view|materialized|index|unique|function|procedure|schema|database|role|user|sequence|type|trigger|extension|temp|temporary|unlogged|domain|policy|rule|system";
/**
 * How statements begin, queries or not: a model may answer with what it should not, and is then told so. More than a word,
 * as sentences begin with "With", "Update" and "Show" too. What may run is not decided here.
 */
const STATEMENT = [
  String.raw`select\b`,
  String.raw`with\s+(?:recursive\s+)?[\w".]+\s*(?:\([^)]{0,2000}\)\s*)?as\b`,
  String.raw`values\s*\(`,
  String.raw`table\s+[\w".]+\s*(?:;|$)`,
  String.raw`(?:insert|merge)\s+into\b`,
  String.raw`update\s+(?:only\s+)?[\w".]+(?:\s+(?:as\s+)?\w+)?\s+set\b`,
  String.raw`delete\s+from\b`,
  String.raw`(?:create|alter|drop)\s+(?:or\s+replace\s+)?(?:${OBJECTS})\b`,
  String.raw`(?:truncate|grant|revoke|copy)\s+[\w"(]`,
  String.raw`call\s+[\w".]+\s*\(`,
  String.raw`do\s+(?:\$|')`,
  String.raw`explain\s+(?:analyze|verbose|select|with|\()`,
  String.raw`(?:begin|commit|rollback|vacuum|discard)\s*(?:;|$)`,
  String.raw`set\s+[\w.]+\s*(?:=|to)\b`,
  String.raw`set\s+(?:transaction|session|local|role)\b`,
].join("|");
/** What stands before a statement, where it is all that stands before it in its line. */
const BEFORE = /^[(\s]*/gm;
const HERE = new RegExp(STATEMENT, "iy");
const AT_START = new RegExp(String.raw`^[(\s]*(?:${STATEMENT})`, "i");

/**
 * Takes the one statement of SQL out of what a model answered: without thoughts, fences, prose and the last `;`.
 *
 * @throws {InvalidSqlError} when there is none, or more than one
 */
export function extractSql(answer: string): string {
  const text = withoutThoughts(answer);
  const [first, ...others] = splitSql(block(text) ?? bare(text) ?? "");
  if (first === undefined) {
    const line = text.trim().replaceAll(/\s+/g, " ");
    const shown = line.length > 200 ? `${line.slice(0, 200)}…` : line;
    throw new InvalidSqlError(`Cannot find SQL in the answer of the model: current value is '${shown}'`, answer);
  }
  // What follows a statement and is none itself is prose.
  const count = 1 + others.filter((part) => AT_START.test(part.text)).length;
  if (count === 1) return first.text;
  throw new InvalidSqlError(`Cannot take the SQL of the model as it must be one statement: it has ${count}`, answer);
}

/** The block that says it is SQL, else the first that looks like it, else what is marked as code within a line. */
function block(text: string): string | undefined {
  const blocks = [...text.matchAll(FENCE)].map(([, , info = "", content = ""]) => ({ info, content }));
  const found =
    blocks.find(({ info }) => /^[ \t]*[\w+-]*sql/i.test(info)) ?? blocks.find(({ content }) => startOf(content) !== -1);
  if (found) return found.content;
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code).find((code) => AT_START.test(code));
}

/** From the first line that begins as a statement does, or what follows a colon. */
function bare(text: string): string | undefined {
  const start = startOf(text);
  if (start !== -1) return text.slice(start);
  const found = /:[ \t]*select\b/i.exec(text);
  return found ? text.slice(found.index + found[0].length - "select".length) : undefined;
}

/** Where the first line begins that begins as a statement does; -1 where there is none. */
function startOf(text: string): number {
  for (const { 0: before, index } of text.matchAll(BEFORE)) {
    HERE.lastIndex = index + before.length;
    if (HERE.test(text)) return index;
  }
  return -1;
}

/** What a model thought aloud is no answer. */
function withoutThoughts(answer: string): string {
  let text = "";
  let end = 0;
  for (;;) {
    const open = find(/<think(?:ing)?>/gi, answer, end);
    const close = open && find(/<\/think(?:ing)?>/gi, answer, open.index);
    if (!close) return text + answer.slice(end);
    text += answer.slice(end, open.index);
    end = close.index + close[0].length;
  }
}

function find(pattern: RegExp, text: string, from: number): RegExpExecArray | null {
  pattern.lastIndex = from;
  return pattern.exec(text);
}
