import { contest } from "../../contest.js";
import { concurrencyPeers } from "../../peers/limiters/concurrency-peers.js";
import { idle, type Limiter, type LimiterPeer } from "../../peers/limiters/limiter.js";
import { checkingPeers, ratePeers } from "../../peers/limiters/rate-peers.js";
import type { Section, SectionContext, Table } from "../../section.js";

/** One figure takes so many calls, or as many as there is time for. */
const CALLS = 200_000;
const BATCH = 100;
const LONGEST_MS = 400;

const AMPLE = { capacity: 1e9, window: 1000 };

/** What a limiter costs those that need not wait. */
export const uncontended: Section = {
  name: "uncontended",
  run: async (context) => [
    await compare("A free place among 10: acquire and release", concurrencyPeers(10), context),
    await compare("A rate that is never reached: acquire", [...ratePeers(AMPLE), ...checkingPeers(AMPLE)], context),
  ],
};

async function compare(title: string, all: readonly LimiterPeer[], context: SectionContext): Promise<Table> {
  const peers = context.select(all);
  context.say(title);
  const contestants = peers.map((peer) => {
    const limiter = peer.open();
    return { name: peer.name, measure: () => nanosecondsPerCall(limiter) };
  });
  return {
    title,
    unit: "ns",
    better: "lower",
    notes: [
      `The mean of ${CALLS.toLocaleString("en-US")} calls, each awaited, or of what takes ${LONGEST_MS} ms, is one figure.`,
    ],
    rows: await contest(contestants, context),
    extra: {
      heading: "waits in order",
      cell: ({ peer }) => (peers.find(({ name }) => name === peer)!.waitsInOrder ? "yes" : "no"),
    },
  };
}

async function nanosecondsPerCall(limiter: Limiter): Promise<number> {
  let calls = 0;
  let elapsed = 0;
  const start = performance.now();
  while (calls < CALLS && elapsed < LONGEST_MS) {
    for (let index = 0; index < BATCH; index += 1) {
      if ("run" in limiter) await limiter.run(idle);
      else limiter.release(await limiter.acquire());
    }
    calls += BATCH;
    elapsed = performance.now() - start;
  }
  return (elapsed * 1e6) / calls;
}
