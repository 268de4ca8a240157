import { type Contestant, contest } from "../../contest.js";
import { type LimiterPeer, pass } from "../../peers/limiters/limiter.js";
import { ratePeers, spacingPeers } from "../../peers/limiters/rate-peers.js";
import type { Section, SectionContext, Table } from "../../section.js";
import { median } from "../../statistics.js";

const RATE = { capacity: 200, window: 1000 };
/** Ten windows, and one more to end the tenth. */
const REQUESTS = 11 * RATE.capacity;
/** The start that an exact limiter lets begin ten windows after the first, whether in bursts or evenly. */
const LAST = 10 * RATE.capacity;
const QUIET_MS = 900;
const REQUESTS_AFTER = 3 * RATE.capacity;

/** Whether a limiter keeps what it promises: no window with more, and no less than allowed in the long run. */
export const accuracy: Section = {
  name: "accuracy",
  run: async (context) => {
    const peers = context.select([...ratePeers(RATE), ...spacingPeers(RATE)]);
    return [await compareSteady(peers, context), await compareAfterQuiet(peers, context)];
  },
};

async function compareSteady(peers: readonly LimiterPeer[], context: SectionContext): Promise<Table> {
  const shares = new Map<string, number[]>();
  const contestants = peers.map((peer): Contestant => {
    const { name } = peer;
    const achieved: number[] = [];
    shares.set(name, achieved);
    return {
      name,
      measure: async () => {
        const starts: number[] = [];
        await begin(peer, REQUESTS, starts);
        achieved.push((10 * RATE.window) / (starts[LAST]! - starts[0]!));
        return mostInWindow(starts);
      },
    };
  });
  return {
    title: "200 per second for ten seconds: the most starts in any second",
    unit: "starts",
    better: "lower",
    notes: [
      `${REQUESTS.toLocaleString("en-US")} are asked for at once; each start is timed in the task, and every half-open ` +
        "window of 1,000 ms is looked at. More than 200 is a violation.",
      `Rate achieved: ten seconds, divided by the time from the first start to the one that comes ${LAST} later. That is ` +
        "100 % for an exact limiter that starts evenly, and for one that starts 200 at the beginning of each second.",
    ],
    rows: await contest(contestants, { ...context, warmUpMs: 0 }),
    extra: { heading: "rate achieved", cell: ({ peer }) => `${(100 * median(shares.get(peer)!)).toFixed(1)} %` },
  };
}

async function compareAfterQuiet(peers: readonly LimiterPeer[], context: SectionContext): Promise<Table> {
  const contestants = peers.map((peer): Contestant => {
    const measure = async (): Promise<number> => {
      const starts: number[] = [];
      const limiter = peer.open();
      await pass(limiter, async () => void starts.push(performance.now()));
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
      await begin({ ...peer, open: () => limiter }, REQUESTS_AFTER, starts);
      return mostInWindow(starts);
    };
    return { name: peer.name, measure };
  });
  return {
    title: `One, ${QUIET_MS} ms of quiet, then ${REQUESTS_AFTER} at once: the most starts in any second`,
    unit: "starts",
    better: "lower",
    notes: [
      "Shortly before the window of the first one ends: limiters that count by the clock let twice as many pass.",
    ],
    rows: await contest(contestants, { ...context, warmUpMs: 0 }),
  };
}

/** Asks for so many at once, and notes when each began. */
async function begin(peer: LimiterPeer, requests: number, starts: number[]): Promise<void> {
  const limiter = peer.open();
  const note = async (): Promise<void> => void starts.push(performance.now());
  await Promise.all(Array.from({ length: requests }, () => pass(limiter, note)));
}

/** The most starts in any window that begins with one and does not include its end. */
function mostInWindow(starts: readonly number[]): number {
  let most = 0;
  let first = 0;
  for (const [index, start] of starts.entries()) {
    while (start - starts[first]! >= RATE.window) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}
