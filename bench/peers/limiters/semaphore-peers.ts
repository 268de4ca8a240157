/** Everything that hands out permits, in the order of the tables. */
import { Semaphore as OtherSemaphore } from "async-mutex";
import { Sema } from "async-sema";
import { type Permit, Semaphore } from "manyhands";
import pLimit from "p-limit";
import { REFERENCE } from "../../peer.js";
import type { LimiterPeer } from "./limiter.js";

/** Those whose permits are acquired and released. */
export function acquiringPeers(permits: number): readonly LimiterPeer[] {
  return [
    {
      name: REFERENCE,
      waitsInOrder: true,
      open: () => {
        const semaphore = new Semaphore(permits);
        return { acquire: () => semaphore.acquire(), release: (permit) => (permit as Permit).release() };
      },
    },
    {
      name: "async-sema",
      waitsInOrder: true,
      open: () => {
        const sema = new Sema(permits);
        return { acquire: () => sema.acquire(), release: (token) => sema.release(token) };
      },
    },
    {
      name: "async-mutex",
      waitsInOrder: true,
      longestQueue: 10_000,
      open: () => {
        const semaphore = new OtherSemaphore(permits);
        return {
          acquire: () => semaphore.acquire(),
          release: (token) => (token as readonly [number, () => void])[1](),
        };
      },
    },
  ];
}

/** Those that run functions. */
export function runningPeers(permits: number): readonly LimiterPeer[] {
  return [
    {
      name: REFERENCE,
      waitsInOrder: true,
      open: () => {
        const semaphore = new Semaphore(permits);
        return { run: (task) => semaphore.run(task) };
      },
    },
    {
      name: "p-limit",
      waitsInOrder: true,
      open: () => {
        const limit = pLimit(permits);
        return { run: (task) => limit(task) };
      },
    },
    {
      name: "async-mutex",
      waitsInOrder: true,
      longestQueue: 10_000,
      open: () => {
        const semaphore = new OtherSemaphore(permits);
        return { run: (task) => semaphore.runExclusive(task) };
      },
    },
  ];
}
