import { contest } from "../../contest.js";
import { arrayPeers, streamPeers } from "../../peers/flow/map-peers.js";
import type { Section } from "../../section.js";
import { randomNumbers } from "./random-numbers.js";

const ITEMS = 2000;
const CONCURRENCY = 50;
const SLOW_MS = 50;
const FAST_MS = 2;
const SLOW_SHARE = 0.02;

/** What a few slow items cost those behind them. */
export const stragglers: Section = {
  name: "stragglers",
  run: async (context) => {
    const random = randomNumbers(7);
    const times = Array.from({ length: ITEMS }, () => (random() < SLOW_SHARE ? SLOW_MS : FAST_MS));
    const work = async (item: number): Promise<number> =>
      new Promise((resolve) => setTimeout(() => resolve(item), times[item]));
    const all = times.map((_, index) => index);
    const contestants = [
      ...context.select(streamPeers).map(({ name, open }) => ({
        name,
        run: async () => {
          for await (const _ of open(all, work, CONCURRENCY));
        },
      })),
      ...context.select(arrayPeers).map(({ name, run }) => ({
        name: `${name}, array`,
        run: async () => void (await run(all, work, CONCURRENCY)),
      })),
    ];
    const rows = await contest(
      contestants.map(({ name, run }) => ({ name, measure: () => milliseconds(run) })),
      context,
    );
    const ideal = times.reduce((sum, time) => sum + time, 0) / CONCURRENCY;
    return [
      {
        title: `${ITEMS.toLocaleString("en-US")} items, ${CONCURRENCY} at once, some slow`,
        unit: "ms",
        better: "lower",
        notes: [
          `${SLOW_SHARE * 100} % of the items wait for ${SLOW_MS} ms, the others for ${FAST_MS} ms: ${ideal.toFixed(0)} ms ` +
            "in an ideal world. Everybody with the read-ahead of its default.",
        ],
        rows,
      },
    ];
  },
};

async function milliseconds(run: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}
