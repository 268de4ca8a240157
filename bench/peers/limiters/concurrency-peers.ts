/** Everything that limits how many run at once, in the order of the tables. */
import { Sema } from "async-sema";
import Bottleneck from "bottleneck";
import { CallLimit, type Grant, LimitSet, ResourceLimit, Semaphore } from "manyhands";
import pLimit from "p-limit";
import PQueue from "p-queue";
import { REFERENCE } from "../../peer.js";
import type { Limiter, LimiterPeer } from "./limiter.js";

/** A limiter of a set, as all ours are. */
export function fromSet(set: LimitSet): Limiter {
  return { acquire: () => set.acquire(), release: (grant) => (grant as Grant).release() };
}

export function concurrencyPeers(concurrency: number): readonly LimiterPeer[] {
  const connections = (): ResourceLimit => new ResourceLimit({ key: "connections", capacity: concurrency });
  return [
    { name: REFERENCE, waitsInOrder: true, open: () => fromSet(new LimitSet([connections()])) },
    {
      name: `${REFERENCE}, calls too`,
      waitsInOrder: true,
      open: () => fromSet(new LimitSet([connections(), new CallLimit({ capacity: 1e9, window: 1000 })])),
    },
    {
      name: `${REFERENCE}, Semaphore`,
      waitsInOrder: true,
      open: () => {
        const semaphore = new Semaphore(concurrency);
        return { acquire: () => semaphore.acquire(), release: (permit) => (permit as Disposable)[Symbol.dispose]() };
      },
    },
    {
      name: "async-sema",
      waitsInOrder: true,
      open: () => {
        const sema = new Sema(concurrency);
        return { acquire: () => sema.acquire(), release: (token) => sema.release(token) };
      },
    },
    {
      name: "p-limit",
      waitsInOrder: true,
      open: () => {
        const limit = pLimit(concurrency);
        return { run: (task) => limit(task) };
      },
    },
    {
      name: "p-queue",
      waitsInOrder: true,
      open: () => {
        const queue = new PQueue({ concurrency });
        return { run: (task) => queue.add(task) };
      },
    },
    {
      name: "bottleneck",
      waitsInOrder: true,
      longestQueue: 1000,
      open: () => {
        const bottleneck = new Bottleneck({ maxConcurrent: concurrency });
        return { run: (task) => bottleneck.schedule(task) };
      },
    },
  ];
}
