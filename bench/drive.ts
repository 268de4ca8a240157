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

/** Counts answers while there are always as many calls in flight. */
class Counter {
  readonly #options: RateOptions;
  #answered = 0;
  #countedFrom: number | undefined;
  #since = performance.now();
  /** Per second, once it is known. */
  rate: number | undefined;

  constructor(options: RateOptions) {
    this.#options = options;
  }

  answered(isRight: boolean, index: number): void {
    if (!isRight) throw new Error(`Cannot count call ${index} as its result is wrong`);
    this.#answered += 1;
    if ((this.#answered & (LOOK_EVERY - 1)) === 0) this.#look();
  }

  /** All that were in flight at the beginning of either stretch are answered before it ends. */
  #look(): void {
    const { ms, inFlight } = this.#options;
    const elapsed = performance.now() - this.#since;
    if (this.#countedFrom === undefined) {
      if (elapsed < ms * UNCOUNTED || this.#answered < inFlight) return;
      this.#countedFrom = this.#answered;
      this.#since += elapsed;
    } else if (this.rate === undefined && elapsed >= ms && this.#answered - this.#countedFrom >= inFlight) {
      this.rate = ((this.#answered - this.#countedFrom) * 1000) / elapsed;
    }
  }
}

/** Calls per second, each awaited by itself. */
export async function callsPerSecond(
  options: RateOptions,
  call: (index: number) => unknown,
  isRight: (result: unknown, index: number) => boolean,
): Promise<number> {
  const counter = new Counter(options);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (counter.rate === undefined) {
      const index = next++;
      counter.answered(isRight(await call(index), index), index);
    }
  };
  await Promise.all(Array.from({ length: options.inFlight }, lane));
  return counter.rate!;
}

/** The same, of calls that are made for the items of a stream, whose results are iterated in order. */
export async function resultsPerSecond<T>(
  options: RateOptions,
  open: (items: Iterable<T>) => AsyncIterable<unknown>,
  create: (index: number) => T,
  isRight: (result: unknown, index: number) => boolean,
): Promise<number> {
  const counter = new Counter(options);
  function* items(): Generator<T> {
    for (let index = 0; counter.rate === undefined; index += 1) yield create(index);
  }
  let index = 0;
  for await (const result of open(items())) counter.answered(isRight(result, index), index++);
  return counter.rate!;
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
