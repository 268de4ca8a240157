/** How calls are made and timed: one after the other, or many in flight. */
import { median } from "./statistics.js";

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

/** How calls are made that are to be counted. */
export interface RateOptions {
  /** How long they are counted, in ms. */
  readonly ms: number;
  /** How many at once: each that is answered makes place for the next. */
  readonly inFlight: number;
}

/** For so much of the time calls are made and not counted: the process has slept, and its memory is not in the caches. */
const UNCOUNTED = 0.25;
/** Answers between two looks at the clock; a power of two. */
const LOOK_EVERY = 16;

/** Calls per second, counted while there are always as many in flight. */
export async function callsPerSecond(
  { ms, inFlight }: RateOptions,
  call: (index: number) => unknown,
  isRight: (result: unknown, index: number) => boolean,
): Promise<number> {
  let next = 0;
  let answered = 0;
  let countedFrom: number | undefined;
  let since = performance.now();
  let rate: number | undefined;

  // All that were in flight at the beginning of either stretch are answered before it ends.
  const look = (): void => {
    const elapsed = performance.now() - since;
    if (countedFrom === undefined) {
      if (elapsed < ms * UNCOUNTED || answered < inFlight) return;
      countedFrom = answered;
      since += elapsed;
    } else if (rate === undefined && elapsed >= ms && answered - countedFrom >= inFlight) {
      rate = ((answered - countedFrom) * 1000) / elapsed;
    }
  };
  const lane = async (): Promise<void> => {
    while (rate === undefined) {
      const index = next++;
      const result = await call(index);
      if (!isRight(result, index)) throw new Error(`Cannot count call ${index} as its result is wrong`);
      answered += 1;
      if ((answered & (LOOK_EVERY - 1)) === 0) look();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return rate!;
}

/** How long a number of calls takes in all, in ms, with so many in flight at once. */
export async function timeOfCalls(
  calls: number,
  inFlight: number,
  call: (index: number) => unknown,
  isRight: (result: unknown, index: number) => boolean,
): Promise<number> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < calls) {
      const index = next++;
      const result = await call(index);
      if (!isRight(result, index)) throw new Error(`Cannot count call ${index} as its result is wrong`);
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: inFlight }, lane));
  return performance.now() - start;
}
