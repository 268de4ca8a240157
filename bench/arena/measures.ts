/** What can be measured of a pool, by name: each is one figure. */
import { setTimeout as sleep } from "node:timers/promises";
import { callsPerSecond, type RateOptions, resultsPerSecond, serialMedian, timeOfCalls } from "../drive.js";
import type { Client } from "../peer.js";
import { createItem, type Item, cpu as work } from "../work.js";
import { mainThreadTime } from "./main-thread-time.js";

const MIB = 1024 * 1024;
const TEXT_LENGTH = 10_000;
/** Calls between two looks at the clock. */
const AWAITED_CHUNK = 10_000;

interface Calls {
  readonly calls: number;
}

interface Tasks {
  /** Of work in each. */
  readonly blocks: number;
  readonly tasks: number;
}

const texts = Array.from("abcdefghijklmnop", (letter) => Buffer.alloc(TEXT_LENGTH, letter).toString("latin1"));
const textOf = (index: number): string => texts[index & 15]!;

const isNumber = (result: unknown, index: number): boolean => result === index;
const isItem = (result: unknown, index: number): boolean => (result as Item).id === index;
const isText = (result: unknown, index: number): boolean =>
  (result as string).length === TEXT_LENGTH && (result as string)[9999] === textOf(index)[0];

export const measures = {
  /** No-op calls per second. */
  noops: (client: Client, options: RateOptions) => callsPerSecond(options, (index) => client.noop(index), isNumber),

  /** Small objects per second, there and back. */
  items: (client: Client, options: RateOptions) =>
    callsPerSecond(options, (index) => client.echo(createItem(index)), isItem),

  /** Strings of 10 kB per second, there and back. */
  texts: (client: Client, options: RateOptions) =>
    callsPerSecond(options, (index) => client.echo(textOf(index)), isText),

  // The same of items that are mapped.

  mappedNoops: (client: Client, options: RateOptions) =>
    resultsPerSecond(
      options,
      (items) => client.map!("noop", items, options.inFlight),
      (index) => index,
      isNumber,
    ),

  mappedItems: (client: Client, options: RateOptions) =>
    resultsPerSecond(options, (items) => client.map!("echo", items, options.inFlight), createItem, isItem),

  mappedTexts: (client: Client, options: RateOptions) =>
    resultsPerSecond(options, (items) => client.map!("echo", items, options.inFlight), textOf, isText),

  /** The median time of a call, in µs. */
  serial: (client: Client, { calls }: Calls) => serialMedian(calls, (index) => client.noop(index)),

  /** The same, of calls that return their result themselves. */
  blocking: async (client: Client, { calls }: Calls) => {
    const times: number[] = [];
    for (let index = 0; index < calls; index += 1) {
      const start = performance.now();
      const result = client.noop(index);
      times.push((performance.now() - start) * 1000);
      if (result !== index) throw new Error(`Cannot count call ${index} as its result is wrong`);
    }
    return times.toSorted((a, b) => a - b)[times.length >> 1]!;
  },

  /** The mean time of a call, in ns. */
  awaited: async (client: Client, { ms }: { readonly ms: number }) => {
    let calls = 0;
    let sum = 0;
    let elapsed = 0;
    const start = performance.now();
    while (elapsed < ms) {
      for (const end = calls + AWAITED_CHUNK; calls < end; calls += 1) sum += await client.noop(calls);
      elapsed = performance.now() - start;
    }
    if (sum !== (calls * (calls - 1)) / 2) throw new Error("Cannot count the calls as a result is wrong");
    return (elapsed * 1e6) / calls;
  },

  /** Processor time when nothing is called any more, in per cent of one core. */
  idle: async (client: Client, { calls, afterMs, ms }: Calls & { readonly afterMs: number; readonly ms: number }) => {
    for (let index = 0; index < calls; index += 1) await client.noop(index);
    await sleep(afterMs);
    const start = performance.now();
    const before = process.cpuUsage();
    await sleep(ms);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 10 / (performance.now() - start);
  },

  /** Tasks per second. */
  tasks: async (client: Client, { blocks, tasks, inFlight }: Tasks & { readonly inFlight: number }) => {
    const expected = work(blocks);
    const ms = await timeOfCalls(
      tasks,
      inFlight,
      () => client.cpu(blocks),
      (result) => result === expected,
    );
    return (tasks * 1000) / ms;
  },

  /** Tasks per second when the work of each worker is one call. */
  idealTasks: async (client: Client, { blocks, tasks, workers }: Tasks & { readonly workers: number }) => {
    const start = performance.now();
    await Promise.all(Array.from({ length: workers }, async () => client.cpu((blocks * tasks) / workers)));
    return (tasks * 1000) / (performance.now() - start);
  },

  /** The median time of a call with a copied buffer, in µs. */
  copies: (client: Client, { calls, mib }: Calls & { readonly mib: number }) => {
    const bytes = new Uint8Array(mib * MIB).fill(7);
    return serialMedian(calls, async () => {
      if ((await client.size(bytes)) !== bytes.length) throw new Error("Cannot count a copy as it has another size");
    });
  },

  /** The median time of a call that hands a buffer over and gets it back, in µs. */
  transfers: async (client: Client, { calls, mib }: Calls & { readonly mib: number }) => {
    if (!client.transfer) throw new Error("Cannot transfer as the library cannot do it both ways");
    let bytes = new Uint8Array(mib * MIB).fill(7);
    return serialMedian(calls, async () => {
      const sent = bytes;
      bytes = await client.transfer!(sent);
      if (sent.byteLength !== 0) throw new Error("Cannot count a transfer as the buffer was copied");
      if (bytes.byteLength !== mib * MIB) throw new Error("Cannot count a transfer as the buffer came back shorter");
    });
  },

  /** The median time of a call with shared memory, in µs. */
  shared: (client: Client, { calls, mib }: Calls & { readonly mib: number }) => {
    const bytes = new Uint8Array(new SharedArrayBuffer(mib * MIB));
    return serialMedian(calls, async () => {
      const before = bytes[0]!;
      await client.count(bytes);
      if (bytes[0] !== ((before + 1) & 255)) throw new Error("Cannot count a call as its memory was copied");
    });
  },

  /** What a call costs the caller's thread when so many are made in one go, and then awaited, in ns. */
  bursts: async (client: Client, { calls, burst }: Calls & { readonly burst: number }) => {
    const cpuTime = mainThreadTime();
    const futures = Array.from<unknown>({ length: burst });
    for (let made = 0; made < calls; made += burst) {
      for (let index = 0; index < burst; index += 1) futures[index] = client.noop(index);
      for (let index = 0; index < burst; index += 1) {
        if ((await futures[index]) !== index) throw new Error(`Cannot count call ${index} as its result is wrong`);
        futures[index] = undefined;
      }
    }
    return (cpuTime() * 1e6) / calls;
  },
} satisfies Record<string, (client: Client, options: never) => Promise<number>>;

export type MeasureName = keyof typeof measures;
export type MeasureOptions<M extends MeasureName> = Parameters<(typeof measures)[M]>[1];
