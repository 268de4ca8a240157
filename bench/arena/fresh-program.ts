/**
 * Measures one thing in a process that does nothing else: `fresh-program.js <measure> <arguments>`.
 *
 * Loads nothing but what is measured: a library's modules are a part of its memory.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { findPeer } from "../peers/roster.js";
import { childrenOf, ownMemory } from "./memory.js";

export type FreshReply = { readonly figure: number } | { readonly error: string };

const MIB = 1024 * 1024;
/** How long a pool is left alone before its memory is looked at, in ms. */
const SETTLE_MS = 300;
/** Calls that each worker is given before that. */
const FIRST_CALLS = 10;

const measures = {
  /** Of importing the library, in ms. */
  imported: async (kind: string, name: string) => {
    const start = performance.now();
    await findPeer(kind, name).load();
    return performance.now() - start;
  },

  /** From making a pool to its first result, in ms; the library is loaded. */
  start: async (kind: string, name: string, workers: string) => {
    const open = await findPeer(kind, name).load();
    const start = performance.now();
    const client = open(Number(workers));
    const first = await client.noop(7);
    const elapsed = performance.now() - start;
    if (first !== 7) throw new Error(`Cannot time ${name} as its first answer is wrong: ${first}`);
    return elapsed;
  },

  /** What the process has in memory, its idle threads included, in MiB. */
  threads: async (kind: string, name: string, workers: string) => {
    await openIdle(kind, name, Number(workers));
    return process.memoryUsage.rss() / MIB;
  },

  /** What an idle process has in memory that it shares with no other, in MiB: the mean of all. */
  processes: async (kind: string, name: string, workers: string) => {
    await openIdle(kind, name, Number(workers));
    const children = childrenOf(process.pid);
    return children.reduce((sum, pid) => sum + ownMemory(pid), 0) / children.length / MIB;
  },

  queued: async (calls: string) => (await import("./queue-measures.js")).bytesPerQueuedCall(Number(calls)),
  cancelled: async (queued: string, cancelled: string) =>
    (await import("./queue-measures.js")).timeOfCancelling(Number(queued), Number(cancelled)),
  abandoned: async (calls: string) => (await import("./queue-measures.js")).bytesPerAbandonedCall(Number(calls)),
};

export type FreshName = keyof typeof measures;

async function openIdle(kind: string, name: string, workers: number): Promise<void> {
  const client = (await findPeer(kind, name).load())(workers);
  await client.ready?.();
  await Promise.all(Array.from({ length: FIRST_CALLS * workers }, async (_, index) => client.noop(index)));
  await sleep(SETTLE_MS);
  globalThis.gc?.();
}

const [, , measure, ...given] = process.argv;
let reply: FreshReply;
try {
  reply = { figure: await (measures[measure as FreshName] as (...given: string[]) => Promise<number>)(...given) };
} catch (error) {
  reply = { error: error instanceof Error ? error.message : String(error) };
}
process.send!(reply);
