import fc from "fast-check";
import { InvalidSqlError } from "manyhands";
import { expect, test } from "vitest";
import { splitSql } from "../../../dist/prompts/database/split-sql.js";
import { extractSql } from "../../../dist/prompts/profile/extract-sql.js";

const SQL = "SELECT id\nFROM orders\nWHERE note = 'a;b' -- all; of them";

test.each([
  ["alone", SQL],
  ["with its end", `  ${SQL}\n;\n`],
  ["in a fence", `\`\`\`sql\n${SQL};\n\`\`\``],
  [
    "in a fence within prose",
    `Sure! With this query you get them:\n\n\`\`\`SQL\n${SQL}\n\`\`\`\n\nSelect what you like.`,
  ],
  ["in a fence without a language", `Here:\n~~~\n${SQL}\n~~~`],
  ["in a fence that is not closed", `\`\`\`postgresql\n${SQL}`],
  ["after another fence", `\`\`\`text\nthe plan\n\`\`\`\n\`\`\`sql\n${SQL}\n\`\`\``],
  ["after thoughts", `<think>SELECT wrong; DROP TABLE x</think>\n${SQL}`],
  ["after prose", `Update: with your tables, show them like this:\n${SQL}`],
  ["before prose", `${SQL}\n;\n\nThis query lists all orders; with it, you see them.`],
])("finds SQL %s", (_what, answer) => {
  const found = extractSql(answer);
  expect(found.replace(/\s*-- all; of them$/, "")).toBe(SQL.replace(/\s*-- all; of them$/, ""));
});

test("finds SQL in a line", () => {
  expect(extractSql("Use `SELECT 1` for this.")).toBe("SELECT 1");
  expect(extractSql("The query is: SELECT 1")).toBe("SELECT 1");
  expect(extractSql("with recent (id) as (select 1) select * from recent")).toMatch(/^with recent/);
  expect(extractSql("(SELECT 1) UNION (SELECT 2);")).toBe("(SELECT 1) UNION (SELECT 2)");
});

test("what a model should not answer is shown as it is, to be refused where it is run", () => {
  expect(extractSql("```sql\nDROP TABLE orders;\n```")).toBe("DROP TABLE orders");
  expect(extractSql("delete from orders")).toBe("delete from orders");
});

test.each([" ", "\n", " \n", "`", "```\n", "<think>", "with a(\n", ": "])(
  "reads a long answer of %j alone at once",
  (piece) => {
    const answer = piece.repeat(200_000 / piece.length);
    const began = performance.now();
    expect(() => extractSql(answer)).toThrow(InvalidSqlError);
    // Each took between seconds and minutes.
    expect(performance.now() - began).toBeLessThan(1500);
  },
);

test("one statement, no more and no less", () => {
  for (const answer of ["SELECT 1; drop table x", "```sql\nSELECT 1;\nSELECT 2;\n```", "COMMIT; DROP TABLE x;"]) {
    expect(() => extractSql(answer)).toThrow(
      new InvalidSqlError("Cannot take the SQL of the model as it must be one statement: it has 2", answer),
    );
  }
  expect(() => extractSql("I cannot\nanswer that.")).toThrow(
    "Cannot find SQL in the answer of the model: current value is 'I cannot answer that.'",
  );
  expect(() => extractSql("```sql\n```")).toThrow(InvalidSqlError);
  expect(() => extractSql("")).toThrow(InvalidSqlError);
});

test("a semicolon ends a statement only where it is SQL", () => {
  const inside = fc.constantFrom(
    "'it''s; '",
    `"a;""b"`,
    "$$a;b$$",
    "$x$ ; $$ ; $x$",
    "e'\\';'",
    "/* a; /* b; */ c; */",
    "1",
  );
  const word = fc.constantFrom("a", "+", "(", ")", "'x'", "--;\n", "$1", "a$b", ",");
  const statement = fc
    .array(fc.oneof(inside, word), { minLength: 1, maxLength: 8 })
    .map((parts) => `SELECT ${parts.join(" ")} z`);
  fc.assert(
    fc.property(fc.array(statement, { minLength: 1, maxLength: 4 }), fc.boolean(), (statements, isEnded) => {
      const parts = splitSql(`${statements.join(" ;\n")}${isEnded ? ";" : ""}`);
      expect(parts.map(({ text }) => text)).toEqual(statements);
      expect(parts.every(({ verb }) => verb === "SELECT")).toBe(true);
    }),
  );
});

test("any text is taken apart without losing the way", () => {
  const piece = fc.constantFrom(
    "'",
    '"',
    "$$",
    "$a$",
    "/*",
    "*/",
    "--",
    "\n",
    ";",
    "\\",
    "e'",
    "a",
    " ",
    "SELECT",
    "é",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join("");
      for (const part of splitSql(text)) expect(text).toContain(part.text);
    }),
  );
});
