/** SQL as a model might write it, for conversations that show the tables of a database and ask for a query. */
import type { Question } from "./dialect.js";

interface Table {
  /** As it is written, with its quotes. */
  readonly name: string;
  readonly columns: readonly string[];
}

const CREATE_TABLE = /create\s+table\s+(?:if\s+not\s+exists\s+)?((?:"[^"]+"|[\w$#]+)(?:\.(?:"[^"]+"|[\w$#]+))*)\s*\(/gi;
const ASKS_FOR_SQL = /\b(?:sql|select|query)\b/i;
/** How instructions begin that want words about SQL, and not SQL. */
const ASKS_FOR_WORDS = /^\s*(?:please\s+)?(?:explain|narrate|describe|summari[sz]e)\b/i;
const CONSTRAINTS = /^(?:constraint|primary|foreign|unique|check|exclude|key|index|like)$/i;
/** How a question asks for a number of one column, and the function that gives it. */
const AGGREGATES: readonly (readonly [asked: RegExp, name: string])[] = [
  [/\b(?:average|mean)\b/i, "avg"],
  [/\b(?:total|sum)\b/i, "sum"],
  [/\b(?:highest|largest|greatest|maximum|max|latest|most expensive)\b/i, "max"],
  [/\b(?:lowest|smallest|least|minimum|min|earliest|cheapest)\b/i, "min"],
];
const HOW_MANY = /\b(?:how many|count|number of)\b/i;
const FEWEST_LETTERS = 3;

/** A query for the last message of the user; nothing where no tables are shown, or no SQL is asked for. */
export function simulatedSql({ messages, text }: Question): string | undefined {
  if (!/create\s+table/i.test(text)) return undefined;
  const instructions = messages.filter(({ role }) => role === "system").map(({ content }) => withoutTables(content));
  const asked = instructions.length > 0 ? instructions.join("\n") : withoutTables(text);
  if (!ASKS_FOR_SQL.test(asked) || ASKS_FOR_WORDS.test(asked)) return undefined;
  const tables = tablesOf(text);
  const question = withoutTables(messages.findLast(({ role }) => role === "user")?.content ?? "");
  const words = wordsOf(question);
  const [table] = tables.toSorted((a, b) => likeness(b, words) - likeness(a, words));
  return table && `-- simulated\n${queryOf(table, question, words)}`;
}

function queryOf({ name, columns }: Table, question: string, words: ReadonlySet<string>): string {
  if (HOW_MANY.test(question)) return `SELECT count(*) AS count FROM ${name}`;
  const aggregate = AGGREGATES.find(([asked]) => asked.test(question))?.[1];
  const column = columns.find((one) => [...wordsOf(one)].some((word) => words.has(word)));
  if (aggregate && column !== undefined) return `SELECT ${aggregate}(${column}) AS ${aggregate} FROM ${name}`;
  const limit = /\b(?:top|first|last)\s+(\d{1,4})\b/i.exec(question)?.[1] ?? "10";
  return `SELECT * FROM ${name} LIMIT ${limit}`;
}

/** How well a table answers to words: its name counts for more than its columns. */
function likeness({ name, columns }: Table, words: ReadonlySet<string>): number {
  const count = (text: string): number => [...wordsOf(text)].filter((word) => words.has(word)).length;
  return 3 * count(name) + count(columns.join(" "));
}

/** The words of a text without their endings, so that "orders" and "order_id" have one in common. */
function wordsOf(text: string): Set<string> {
  const words = text
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .match(/\p{L}+/gu);
  return new Set((words ?? []).filter(({ length }) => length >= FEWEST_LETTERS).map(stem));
}

function stem(word: string): string {
  return word
    .replace(/ies$/, "y")
    .replace(/(?<=[sxz]|ch|sh)es$/, "")
    .replace(/(?<!s)s$/, "");
}

function tablesOf(text: string): Table[] {
  return [...text.matchAll(CREATE_TABLE)].map((match) => {
    const body = text.slice(match.index + match[0].length, endOf(text, match.index + match[0].length));
    return { name: match[1]!, columns: columnsOf(body) };
  });
}

/** Where the bracket that is open at `from` closes. */
function endOf(text: string, from: number): number {
  let depth = 1;
  for (let index = from; index < text.length; index += 1) {
    if (text[index] === "(") depth += 1;
    if (text[index] === ")") depth -= 1;
    if (depth === 0) return index;
  }
  return text.length;
}

function columnsOf(body: string): string[] {
  let flat = body.replace(/--[^\n]*/g, "");
  // Types such as numeric(10, 2), from the inside out.
  while (/\([^()]*\)/.test(flat)) flat = flat.replace(/\([^()]*\)/g, "");
  return flat
    .split(",")
    .map((part) => /^\s*("[^"]+"|[\w$#]+)/.exec(part)?.[1] ?? "")
    .filter((name) => name !== "" && !CONSTRAINTS.test(name));
}

/** A text without the definitions of tables in it, whose words are not those of the question. */
function withoutTables(text: string): string {
  let rest = "";
  let at = 0;
  for (const match of text.matchAll(CREATE_TABLE)) {
    rest += text.slice(at, Math.max(at, match.index));
    at = endOf(text, match.index + match[0].length);
  }
  return rest + text.slice(at);
}
