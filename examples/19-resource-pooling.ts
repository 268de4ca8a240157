// Eight workers share three connections: a resource is held until its grant is released. Several are taken at once, so two
// calls cannot each hold what the other waits for; and a call that would wait for itself is told so.
import { LimitDeadlockError, ResourceLimit } from "manyhands";
import { DatabaseWorker } from "./19-resource-pooling.worker.js";

await using pool = DatabaseWorker.options({
  mode: "thread",
  maxWorkers: 8,
  limits: [new ResourceLimit({ key: "connections", capacity: 3 })],
}).init();

const queries = await Promise.all(Array.from({ length: 24 }, (_, id) => pool.query(`select ${id}`)));
const most = Math.max(
  ...queries.map(({ from }) => queries.filter((other) => other.from <= from && from < other.to).length),
);
console.log(`${queries.length} queries, at most three at once: ${most <= 3}`);

const transactions = await Promise.all([pool.transaction(), pool.transaction(), pool.transaction()]);
console.log(transactions.join(", "));

const error = await pool.greedy().exception();
console.log(error instanceof LimitDeadlockError && error.message);
console.log("all are free again:", await pool.isFree());

// Output:
// 24 queries, at most three at once: true
// held 2, held 2, held 2
// Cannot acquire 1 of 'connections' as this call holds 3 of 3 already and would wait for itself: release that grant first
// all are free again: true
