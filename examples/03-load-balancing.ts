// The ways to choose a worker for a call, compared: behind one slow call round-robin makes a quick one wait while other
// workers idle, least-active does not. Then how each algorithm spreads 30 calls, made one after the other.
import type { LoadBalancer, LoadBalancingName } from "manyhands";
import { CountingWorker } from "./03-load-balancing.worker.js";

for (const loadBalancing of ["round-robin", "least-active"] as const) {
  await using pool = CountingWorker.options({ mode: "thread", maxWorkers: 3, loadBalancing }).init();
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const finished: string[] = [];
  const note = (name: string) => () => finished.push(name);

  const slow = pool.slow(gate).onSettled(note("slow"));
  await Promise.all([pool.process(1), pool.process(2)]);
  const quick = pool.process(3).onSettled(note("quick"));
  // Behind the slow call it could only wait: then the gate must open first.
  if (loadBalancing !== "round-robin") await quick;
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  await Promise.all([slow, quick]);
  console.log(`${loadBalancing}: finished ${finished.join(", then ")}; quick ran on worker ${await quick}`);
}

const fair: LoadBalancingName[] = ["round-robin", "least-total", "random", "shared-queue"];
for (const loadBalancing of fair) {
  await using pool = CountingWorker.options({ mode: "thread", maxWorkers: 3, loadBalancing }).init();
  for (let value = 0; value < 30; value += 1) await pool.process(value);
  const { algorithm, dispatched, total } = pool.stats().loadBalancer;
  const counts = await pool.broadcast.count();
  const isExact = total.every((calls, index) => calls === counts[index]);
  const spread = algorithm === "round-robin" || algorithm === "least-total" ? total.join(" + ") : "however it fell";
  console.log(`${algorithm}: ${dispatched} dispatched, ${spread}; the workers agree: ${isExact}`);
}

// Calls that belong together share a key, and with it a worker: caches stay warm.
await using byKey = CountingWorker.options({ mode: "thread", maxWorkers: 3, loadBalancing: "key" }).init();
const anna = await Promise.all([1, 2, 3].map((value) => byKey.with({ key: "anna" }).process(value)));
console.log("calls with one key met", new Set(anna).size, "worker");

// And any function can choose: here even numbers go to one worker, odd numbers to another.
const byParity: LoadBalancer = ({ args: [value] }) => Number(value) % 2;
await using custom = CountingWorker.options({ mode: "thread", maxWorkers: 2, loadBalancing: byParity }).init();
console.log("by parity:", await Promise.all([1, 2, 3, 4].map((value) => custom.process(value))));

// Output:
// round-robin: finished slow, then quick; quick ran on worker 0
// least-active: finished quick, then slow; quick ran on worker 1
// round-robin: 30 dispatched, 10 + 10 + 10; the workers agree: true
// least-total: 30 dispatched, 10 + 10 + 10; the workers agree: true
// random: 30 dispatched, however it fell; the workers agree: true
// shared-queue: 30 dispatched, however it fell; the workers agree: true
// calls with one key met 1 worker
// by parity: [ 1, 0, 1, 0 ]
