// A thread that takes from limits in shared memory as often as it can, and checks from the outside what it gets.
import { parentPort, workerData } from "node:worker_threads";
import { SharedSet } from "../../dist/limits/remote/shared-set.js";

/**
 * `tickets`: of a rate and a resource; `amounts`: what each take takes of them; `gauge`: how much of the resource is held
 * by all threads, as they count it, and the most there ever was; `isDying`: stops with the lock in its hands.
 *
 * @type {{ tickets: import("../../dist/limits/limit.js").LimitTicket[], facts: any[], amounts: number[],
 *   gauge: Int32Array, durationMs: number, isDying: boolean }}
 */
const { tickets, facts, amounts, gauge, durationMs, isDying } = workerData;

const set = new SharedSet(tickets, facts, undefined, { poke() {}, pause() {}, heed() {} });
/** @type {number[]} when something was taken of the rate */
const times = [];

if (isDying) {
  set.take(amounts, undefined);
  for (const { memory } of set.cores) memory.lock();
  parentPort?.postMessage("locked");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

const end = performance.now() + durationMs;
while (performance.now() < end) {
  const grant = set.take(amounts, undefined);
  if (!grant) continue;
  const held = Atomics.add(gauge, 0, amounts[1]) + amounts[1];
  // Never lowered: an exchange that fails means that another has written more or less meanwhile.
  for (let most = Atomics.load(gauge, 1); held > most; most = Atomics.load(gauge, 1)) {
    Atomics.compareExchange(gauge, 1, most, held);
  }
  if (amounts[0] > 0) times.push(grant.takenAt);
  Atomics.sub(gauge, 0, amounts[1]);
  grant.release();
}
parentPort?.postMessage(times);
