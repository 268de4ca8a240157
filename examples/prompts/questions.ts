/** What the recipes ask: questions to the tables of a small shop. The third cannot be answered from them. */
export const QUESTIONS = [
  "How many customers are there in each city?",
  "Which three products were sold most often?",
  "Will it rain in Lisbon tomorrow?",
  "Which orders have not been delivered yet?",
  "What did each customer spend in total?",
  "Which products were never ordered?",
] as const;

/** The tables, as a database would describe them. */
export const TABLES = `
CREATE TABLE customers (id integer PRIMARY KEY, name text, city text);
CREATE TABLE products (id integer PRIMARY KEY, name text, price numeric);
CREATE TABLE orders (
  id integer PRIMARY KEY,
  customer_id integer REFERENCES customers,
  product_id integer REFERENCES products,
  quantity integer,
  ordered_on date,
  delivered_on date
);
`.trim();

/** What the simulated model answers to the first question that its prompt holds: no model has thought about it. */
const SQL: Readonly<Record<string, string>> = {
  [QUESTIONS[0]]: "SELECT city, count(*) FROM customers GROUP BY city",
  [QUESTIONS[1]]: `
SELECT p.name, sum(o.quantity) AS sold
FROM orders o JOIN products p ON p.id = o.product_id
GROUP BY p.name ORDER BY sold DESC LIMIT 3`,
  [QUESTIONS[3]]: "SELECT * FROM orders WHERE delivered_on IS NULL",
  [QUESTIONS[4]]: `
SELECT c.name, sum(o.quantity * p.price) AS spent
FROM customers c
JOIN orders o ON o.customer_id = c.id
JOIN products p ON p.id = o.product_id
GROUP BY c.name`,
  [QUESTIONS[5]]: "SELECT name FROM products WHERE id NOT IN (SELECT product_id FROM orders)",
};

export function simulatedSql(prompt: string): string {
  const question = Object.keys(SQL).find((known) => prompt.includes(known));
  return question ? `-- simulated\n${SQL[question]?.trim()}` : "I am simulated, and find no table that tells this.";
}
