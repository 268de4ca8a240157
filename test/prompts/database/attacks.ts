/** What a model may answer that is to change nothing. */

/** The tables that tests ask about. */
export const SCHEMA = `
  CREATE TYPE state AS ENUM ('new', 'paid');
  CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL);
  CREATE TABLE orders (
    id integer PRIMARY KEY, customer_id integer REFERENCES customers (id), state state NOT NULL, total numeric(30, 20),
    placed date, big bigint, raw bytea, extra jsonb, tags text[]
  );
  COMMENT ON TABLE orders IS 'What was
    bought';
  COMMENT ON COLUMN orders.total IS 'in euros';
  CREATE VIEW paid AS SELECT id, total FROM orders WHERE state = 'paid';
  CREATE SEQUENCE numbers;
  CREATE FUNCTION grow() RETURNS integer LANGUAGE sql AS $$ INSERT INTO customers VALUES (9, 'Eve') RETURNING id $$;
  INSERT INTO customers VALUES (1, 'Ann'), (2, 'Bob');
  INSERT INTO orders VALUES
    (1, 1, 'paid', 12.34567890123456789, '2020-01-02', 9007199254740993, '\\x0102', '{"a": [1]}', '{a,"b,c",NULL}'),
    (2, 2, 'new', 1, '2021-01-02', 7, NULL, NULL, '{}');
`;

/** Each is refused, and changes nothing. */
export const ATTACKS: readonly string[] = [
  "DROP TABLE orders",
  "UPDATE orders SET total = 0",
  "INSERT INTO customers VALUES (9, 'Eve') RETURNING id",
  "SELECT 1; DROP TABLE orders",
  "SELECT 1; SELECT 2",
  "COMMIT; DROP TABLE orders",
  "/* SELECT */ DELETE FROM orders",
  "-- SELECT\nTRUNCATE orders",
  "WITH gone AS (DELETE FROM orders RETURNING id) SELECT * FROM gone",
  "SELECT * INTO copy FROM orders",
  "CREATE TABLE copy AS SELECT * FROM orders",
  "COPY orders TO PROGRAM 'cat'",
  "COPY orders TO STDOUT",
  "DO $$ BEGIN DELETE FROM orders; END $$",
  "SET TRANSACTION READ WRITE",
  "SELECT set_config('transaction_read_only', 'off', true)",
  "SELECT set_config('transaction_read_only', 'off', false)",
  "SELECT nextval('numbers')",
  "SELECT setval('numbers', 7)",
  "SELECT grow()",
  "SELECT query_to_xml('DELETE FROM orders', true, true, '')",
  "SELECT * FROM orders FOR UPDATE",
  "EXPLAIN ANALYZE DELETE FROM orders",
  "CALL something()",
  "LOCK TABLE orders",
  "SELECT 'a\0b'; DROP TABLE orders",
  "SELECT 1 /* not closed",
  "SELECT 'not closed",
  "SELECT $$not closed",
  "SELECT nothing FROM orders",
  "SELECT 1) TO STDOUT",
  "",
  "  -- nothing",
];
