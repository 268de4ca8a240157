import { expect, it } from "vitest";
import { simulatedSql } from "../../../dist/prompts/simulation/simulated-sql.js";
import { post, serve, textOf } from "./ask.js";

const TABLES = `
CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL, city text DEFAULT ('none'));
create table if not exists shop."Order Items" (
  id integer,
  unit_price numeric(10, 2), -- in euros, net
  CONSTRAINT positive CHECK (unit_price > (0)),
  orderedAt date
);
CREATE TABLE categories (id integer, label text);`;

function ask(question: string, system = `Answer with one SQL query.\n${TABLES}`): string | undefined {
  const messages = [
    { role: "system" as const, content: system },
    { role: "user" as const, content: question },
  ];
  const text = messages.map(({ content }) => content).join("\n");
  return simulatedSql({
    model: "m",
    messages,
    text,
    inputTokens: 1,
    inputs: [],
    maxTokens: undefined,
    schema: undefined,
    isStream: false,
    body: {},
  });
}

it.each([
  ["How many customers are there?", "SELECT count(*) AS count FROM customers"],
  ["Show the customers", "SELECT * FROM customers LIMIT 10"],
  ["The first 3 of each category", "SELECT * FROM categories LIMIT 3"],
  ["What is the average price of an item?", 'SELECT avg(unit_price) AS avg FROM shop."Order Items"'],
  ["When was something ordered last? The latest", 'SELECT max(orderedAt) AS max FROM shop."Order Items"'],
  ["Who lives in which city?", "SELECT * FROM customers LIMIT 10"],
])("answers %j with SQL for the table that is meant", (question, sql) => {
  expect(ask(question)).toBe(`-- simulated\n${sql}`);
});

it("writes no SQL where none is asked for, or no tables are shown", () => {
  expect(ask("How many customers?", "Answer with one SQL query")).toBeUndefined();
  expect(ask("How many customers?", `You know these tables: ${TABLES}`)).toBeUndefined();
  expect(ask("How many customers?", `Write SQL alone, do not explain it. ${TABLES}`)).toContain("SELECT count");
  expect(ask("How many customers?", `Explain this SQL query in plain words. ${TABLES}`)).toBeUndefined();
});

it("reads tables that are not closed, and very long texts", () => {
  expect(ask("orders", "SQL please: CREATE TABLE orders (id integer, ((((")).toBe(
    "-- simulated\nSELECT * FROM orders LIMIT 10",
  );
  const many = Array.from({ length: 500 }, (_, index) => `CREATE TABLE t${index}x (id integer);`).join("\n");
  expect(ask("rows of t499x", `SQL: ${many}`)).toContain("LIMIT 10");
});

it("is what a conversation with tables is answered with", async () => {
  const messages = [
    { role: "system", content: `Write SQL. ${TABLES}` },
    { role: "user", content: "How many customers are there?" },
  ];
  const text = await textOf(await post(await serve(), { model: "m", messages }));
  expect(text).toBe("-- simulated\nSELECT count(*) AS count FROM customers");
});
