import { InvalidSqlError } from "../../errors.js";
import { splitSql } from "../database/split-sql.js";

/** A block of Markdown: its fence, its language, its content, to the end of the text where it is not closed. */
const FENCE = /^[ \t]*(`{3,}|~{3,})[ \t]*([\w+-]*)[^\n]*\n([^]*?)(?:^[ \t]*\1|(?![^]))/gm;

const OBJECTS =
  "table|view|materialized|index|unique|function|procedure|schema|database|role|user|sequence|type|trigger|extension|temp|temporary|unlogged|domain|policy|rule|system";
/**
 * How statements begin, queries or not: a model may answer with what it should not, and is then told so. More than a word,
 * as sentences begin with "With", "Update" and "Show" too. What may run is not decided here.
 */
const STATEMENT = [
  String.raw`select\b`,
  String.raw`with\s+(?:recursive\s+)?[\w".]+\s*(?:\([^)]*\)\s*)?as\b`,
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
const AT_LINE = new RegExp(String.raw`^[ \t]*[(\s]*(?:${STATEMENT})`, "im");
const AT_START = new RegExp(String.raw`^[(\s]*(?:${STATEMENT})`, "i");

/**
 * Takes the one statement of SQL out of what a model answered: without thoughts, fences, prose and the last `;`.
 *
 * @throws {InvalidSqlError} when there is none, or more than one
 */
export function extractSql(answer: string): string {
  const text = answer.replaceAll(/<think(?:ing)?>[^]*?<\/think(?:ing)?>/gi, "");
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
  const blocks = [...text.matchAll(FENCE)].map(([, , language = "", content = ""]) => ({ language, content }));
  const found =
    blocks.find(({ language }) => /sql/i.test(language)) ?? blocks.find(({ content }) => AT_LINE.test(content));
  if (found) return found.content;
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code).find((code) => AT_START.test(code));
}

/** From the first line that begins as a statement does, or what follows a colon. */
function bare(text: string): string | undefined {
  const found = AT_LINE.exec(text) ?? /(?<=:[ \t]*)select\b/i.exec(text);
  return found ? text.slice(found.index) : undefined;
}
