/** What calls cost that wait in the queue of a pool, or that nobody waits for. */
import { setTimeout as sleep } from "node:timers/promises";
import { GateWorker } from "../peers/gate-worker.js";
import { WorkWorker } from "../peers/manyhands-worker.js";

const WORKERS = 2;
/** Calls that nobody awaits are made so many at a time, with one behind them that is awaited. */
const BATCH = 1000;

/** Memory of the caller for each call that waits, its future included, in bytes. */
export async function bytesPerQueuedCall(calls: number): Promise<number> {
  const { wait } = await openFull();
  const futures = Array.from<unknown>({ length: calls }).fill(undefined);
  const before = used();
  for (let index = 0; index < calls; index += 1) futures[index] = wait();
  await sleep(0);
  const bytes = used() - before;
  if (futures.length !== calls) throw new Error("Cannot measure the calls as they are gone");
  return bytes / calls;
}

/** How long it takes to cancel one of so many calls that wait, its rejection included, in µs. */
export async function timeOfCancelling(queued: number, cancelled: number): Promise<number> {
  const { wait } = await openFull();
  const futures = Array.from({ length: queued }, wait);
  for (const future of futures) future.catch(() => {});
  await sleep(0);
  globalThis.gc?.();
  // Anywhere in the queue, each once.
  const chosen = Array.from(
    { length: cancelled },
    (_, index) => futures[Math.floor(((index + 0.5) * queued) / cancelled)]!,
  );
  const start = performance.now();
  for (const future of chosen) future.cancel();
  const results = await Promise.allSettled(chosen);
  const elapsed = performance.now() - start;
  if (results.some(({ status }) => status !== "rejected"))
    throw new Error("Cannot count a cancelled call that succeeded");
  return (elapsed * 1000) / cancelled;
}

/** Memory that stays behind for each call whose future was dropped, in bytes. */
export async function bytesPerAbandonedCall(calls: number): Promise<number> {
  await using pool = WorkWorker.options({ mode: "thread", maxWorkers: WORKERS }).init();
  const make = async (count: number): Promise<void> => {
    for (let made = 0; made < count; made += BATCH) {
      for (let index = 1; index < BATCH; index += 1) void pool.noop(index);
      await pool.noop(0);
    }
    await sleep(100);
  };
  // As many as are counted later, for what grows until a steady state.
  await make(calls / 2);
  const before = used();
  await make(calls);
  return (used() - before) / calls;
}

/** A pool whose workers are held by calls that do not end. */
async function openFull() {
  const pool = GateWorker.options({ mode: "thread", maxWorkers: WORKERS }).init();
  await pool.ready();
  return { wait: () => pool.wait() };
}

function used(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
