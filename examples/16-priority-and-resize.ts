// While calls wait, the one of highest priority goes first (with `maxQueuedTasks: 0` none is handed to a busy worker ahead
// of time). A waiting room of limited `capacity` tells its caller when to go on. And a pool can change its size.
import { PoolFullError } from "manyhands";
import { ClerkWorker } from "./16-priority-and-resize.worker.js";

const gate = new Int32Array(new SharedArrayBuffer(4));
const openGate = (): void => {
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
};

await using pool = ClerkWorker.options({
  mode: "thread",
  maxWorkers: 1,
  maxQueuedTasks: 0,
  capacity: 3,
  overflow: "reject",
}).init();

const lunch = pool.lunch(gate);
const queue = [
  pool.serve("first come"),
  pool.with({ priority: -10 }).serve("not urgent"),
  pool.with({ priority: 10 }).serve("urgent"),
];
const error = await pool.serve("one too many").exception();
console.log("the room is full:", error instanceof PoolFullError);
const room = pool.room().then(() => console.log("there is room again"));
openGate();
await Promise.all([lunch, room, ...queue]);
console.log("served:", (await pool.served()).join(", "));

await pool.resize(3);
await pool.ready();
console.log("after resize(3):", pool.stats().workers.total, "workers");
await pool.resize(1);
await Promise.all(["a", "b"].map((customer) => pool.serve(customer)));
await pool.drain();
console.log("after resize(1) the first still knows:", (await pool.served()).join(", "));

// Output:
// the room is full: true
// there is room again
// served: urgent, first come, not urgent
// after resize(3): 3 workers
// after resize(1) the first still knows: urgent, first come, not urgent, a, b
