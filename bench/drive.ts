/** How calls are made and timed: one after the other, or many in flight. */
import type { Client } from "./peer.js";
import { median } from "./statistics.js";
import { createItem } from "./work.js";

/** The median time of a call, in µs, each made when the one before is answered. */
export async function serialMedian(calls: number, call: (index: number) => unknown): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < calls; index += 1) {
    const start = performance.now();
    await call(index);
    times.push((performance.now() - start) * 1000);
  }
  return median(times);
}

/** So much of the calls is made before time is taken: the heap has just been collected, and grows back to its usual size. */
const UNTIMED = 0.2;

/** Calls per second with `inFlight` calls at once: each that is answered makes place for the next. */
export async function callsPerSecond(
  calls: number,
  inFlight: number,
  call: (index: number) => unknown,
  isRight: (result: unknown, index: number) => boolean,
): Promise<number> {
  const untimed = Math.floor(calls * UNTIMED);
  let next = 0;
  let answered = 0;
  let start = performance.now();
  const lane = async (): Promise<void> => {
    while (next < calls) {
      const index = next++;
      const result = await call(index);
      if (++answered === untimed) start = performance.now();
      if (!isRight(result, index)) throw new Error(`Cannot count call ${index} as its result is wrong`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return ((calls - untimed) * 1000) / (performance.now() - start);
}

/** No-op calls per second. */
export async function noopsPerSecond(client: Client, calls: number, inFlight: number): Promise<number> {
  return callsPerSecond(
    calls,
    inFlight,
    (index) => client.noop(index),
    (result, index) => result === index,
  );
}

/** Small objects per second, there and back. */
export async function itemsPerSecond(client: Client, calls: number, inFlight: number): Promise<number> {
  return callsPerSecond(
    calls,
    inFlight,
    (index) => client.echo(createItem(index)),
    (result, index) => (result as { id: number }).id === index,
  );
}
