/** Everything that limits how many begin in a time, in the order of the tables. */
import { RateLimit } from "async-sema";
import Bottleneck from "bottleneck";
import { RateLimiter, TokenBucket } from "limiter";
import { CallLimit, LimitSet, type RateAlgorithmName } from "manyhands";
import PQueue from "p-queue";
import pThrottle from "p-throttle";
import { RateLimiterMemory, RateLimiterQueue } from "rate-limiter-flexible";
import { REFERENCE } from "../../peer.js";
import { fromSet } from "./concurrency-peers.js";
import type { Limiter, LimiterPeer, RateSettings } from "./limiter.js";

const OTHER_ALGORITHMS: readonly RateAlgorithmName[] = ["fixed-window", "token-bucket", "leaky-bucket", "gcra"];

/** Those that wait. */
export function ratePeers({ capacity, window }: RateSettings): readonly LimiterPeer[] {
  const inOrder = (name: string, open: () => Limiter): LimiterPeer => ({ name, waitsInOrder: true, open });
  return [
    inOrder(`${REFERENCE} (sliding-window)`, () => fromSet(new LimitSet([new CallLimit({ capacity, window })]))),
    ...OTHER_ALGORITHMS.map((algorithm) =>
      inOrder(`${REFERENCE} ${algorithm}`, () =>
        fromSet(new LimitSet([new CallLimit({ capacity, window, algorithm })])),
      ),
    ),
    inOrder("p-throttle", () => throttle({ capacity, window }, false)),
    inOrder("p-throttle strict", () => throttle({ capacity, window }, true)),
    inOrder("limiter RateLimiter", () => {
      const limiter = new RateLimiter({ tokensPerInterval: capacity, interval: window });
      return { acquire: () => limiter.removeTokens(1), release: () => {} };
    }),
    inOrder("limiter TokenBucket", () => {
      const bucket = new TokenBucket({ bucketSize: capacity, tokensPerInterval: capacity, interval: window });
      bucket.content = capacity;
      return { acquire: () => bucket.removeTokens(1), release: () => {} };
    }),
    inOrder("rate-limiter-flexible, queue", () => {
      const queue = new RateLimiterQueue(new RateLimiterMemory({ points: capacity, duration: window / 1000 }));
      return { acquire: () => queue.removeTokens(1), release: () => {} };
    }),
    inOrder("p-queue", () => interval({ capacity, window }, false)),
    inOrder("p-queue strict", () => interval({ capacity, window }, true)),
    inOrder("bottleneck reservoir", () => {
      const bottleneck = new Bottleneck({
        reservoir: capacity,
        reservoirRefreshAmount: capacity,
        reservoirRefreshInterval: window,
      });
      return { run: (task) => bottleneck.schedule(task) };
    }),
  ];
}

/** Those that space out what they let begin: with an ample rate they make no sense, or take memory for each of it. */
export function spacingPeers({ capacity, window }: RateSettings): readonly LimiterPeer[] {
  const semaphore = (uniformDistribution: boolean): Limiter => {
    const limit = RateLimit(capacity, { timeUnit: window, uniformDistribution });
    return { acquire: () => limit(), release: () => {} };
  };
  return [
    { name: "async-sema RateLimit", waitsInOrder: true, open: () => semaphore(false) },
    { name: "async-sema RateLimit, uniform", waitsInOrder: true, open: () => semaphore(true) },
    {
      name: "bottleneck minTime",
      waitsInOrder: true,
      open: () => {
        const bottleneck = new Bottleneck({ minTime: window / capacity });
        return { run: (task) => bottleneck.schedule(task) };
      },
    },
  ];
}

/** Those that only say whether there is room: what their users do then is not measured. */
export function checkingPeers({ capacity, window }: RateSettings): readonly LimiterPeer[] {
  return [
    {
      name: "rate-limiter-flexible, consume",
      waitsInOrder: false,
      open: () => {
        const limiter = new RateLimiterMemory({ points: capacity, duration: window / 1000 });
        return { acquire: () => limiter.consume("calls"), release: () => {} };
      },
    },
  ];
}

function throttle({ capacity, window }: RateSettings, strict: boolean): Limiter {
  return { run: pThrottle({ limit: capacity, interval: window, strict })((task: () => Promise<void>) => task()) };
}

function interval({ capacity, window }: RateSettings, strict: boolean): Limiter {
  const queue = new PQueue({ intervalCap: capacity, interval: window, strict });
  return { run: (task) => queue.add(task) };
}
