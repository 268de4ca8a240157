import { contest } from "../../contest.js";
import { idle, type LimiterPeer, pass } from "../../peers/limiters/limiter.js";
import { acquiringPeers, runningPeers } from "../../peers/limiters/semaphore-peers.js";
import type { Section, SectionContext, Table } from "../../section.js";

const PERMITS = 10;
/** One figure takes so many calls, or as many as there is time for. */
const CALLS = 200_000;
const BATCH = 100;
const LONGEST_MS = 400;
const LENGTHS = [1000, 10_000, 100_000];

/** What permits cost those that need not wait, and those that do. */
export const permits: Section = {
  name: "permits",
  run: async (context) => {
    const tables = [
      await compare("A free permit among 10: acquire and release", acquiringPeers(PERMITS), context),
      await compare("A free permit among 10: run a function", runningPeers(PERMITS), context),
    ];
    for (const length of LENGTHS) {
      tables.push(
        await compare(
          `${length.toLocaleString("en-US")} at once: acquire and release`,
          acquiringPeers(PERMITS),
          context,
          length,
        ),
        await compare(
          `${length.toLocaleString("en-US")} at once: run a function`,
          runningPeers(PERMITS),
          context,
          length,
        ),
      );
    }
    return tables;
  },
};

/** @param length - how many wait at once; without it one after another, none of which waits */
async function compare(
  title: string,
  all: readonly LimiterPeer[],
  context: SectionContext,
  length?: number,
): Promise<Table> {
  context.say(title);
  const peers = context
    .select(all)
    .filter(({ longestQueue = Number.POSITIVE_INFINITY }) => (length ?? 0) <= longestQueue);
  const rows = await contest(
    peers.map((peer) => ({
      name: peer.name,
      measure: () => (length === undefined ? oneByOne(peer) : atOnce(peer, length)),
    })),
    context,
  );
  const note =
    length === undefined
      ? `The mean of ${CALLS.toLocaleString("en-US")} calls, each awaited, or of what takes ${LONGEST_MS} ms, is one figure.`
      : `All are asked for in one turn; each holds its permit while an empty function is awaited.`;
  return { title, unit: "ns", better: "lower", notes: [note], rows };
}

/** Nanoseconds for each. */
async function oneByOne(peer: LimiterPeer): Promise<number> {
  const limiter = peer.open();
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

async function atOnce(peer: LimiterPeer, length: number): Promise<number> {
  const limiter = peer.open();
  const start = performance.now();
  await Promise.all(Array.from({ length }, () => pass(limiter, idle)));
  return ((performance.now() - start) * 1e6) / length;
}
