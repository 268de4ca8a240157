import { pipeline } from "manyhands";
import { contest } from "../../contest.js";
import { REFERENCE } from "../../peer.js";
import { streamPeers, type Work } from "../../peers/flow/map-peers.js";
import type { Section } from "../../section.js";
import { randomNumbers } from "./random-numbers.js";

const ITEMS = 1000;
const FIRST = { workers: 10, longest: 10 };
const SECOND = { workers: 5, longest: 5 };
/** Read-ahead, where it is a setting. */
const AHEAD = 32;

/** A way through both stages. */
interface Chain {
  readonly name: string;
  run(items: readonly number[], first: Work, second: Work): Promise<void>;
}

const chains: readonly Chain[] = [
  {
    name: REFERENCE,
    run: async (items, first, second) => {
      await pipeline(items)
        .stage(first, { concurrency: FIRST.workers })
        .stage(second, { concurrency: SECOND.workers })
        .run();
    },
  },
  {
    name: `${REFERENCE}, unordered`,
    run: async (items, first, second) => {
      await pipeline(items)
        .stage(first, { concurrency: FIRST.workers, ordered: false })
        .stage(second, { concurrency: SECOND.workers, ordered: false })
        .run();
    },
  },
  ...streamPeers
    .filter(({ name }) => !name.startsWith(REFERENCE))
    .flatMap(({ name, open }) =>
      // As it comes, and with a larger read-ahead, where there is such a setting.
      (/pMapIterable$|Readable/.test(name) ? [undefined, AHEAD] : [undefined]).map((ahead) => ({
        name: ahead === undefined ? name : `${name}, ${ahead} ahead`,
        run: async (items: readonly number[], first: Work, second: Work) => {
          for await (const _ of open(open(items, first, FIRST.workers, ahead), second, SECOND.workers, ahead));
        },
      })),
    ),
];

/** Two stages that wait, as in "Parallel feeding and reading from queues": 10 workers, then 5. */
export const stages: Section = {
  name: "stages",
  run: async (context) => {
    const random = randomNumbers(1);
    const draw = (longest: number): number[] => Array.from({ length: ITEMS }, () => random() * longest);
    const times = [draw(FIRST.longest), draw(SECOND.longest)] as const;
    const rows = await contest(
      context.select(chains).map(({ name, run }) => ({ name, measure: () => timesIdeal(run, times) })),
      { ...context, warmUpMs: 0 },
    );
    return [
      {
        title: `Two stages: ${ITEMS.toLocaleString("en-US")} items, ${FIRST.workers} and ${SECOND.workers} at once`,
        unit: "× its ideal",
        better: "lower",
        notes: [
          `Items wait for 0 to ${FIRST.longest} ms, then for 0 to ${SECOND.longest} ms. The ideal is made of the times that the ` +
            "waits of the same run really took: who is free takes the next item, without any delay.",
        ],
        rows,
      },
    ];
  },
};

async function timesIdeal(run: Chain["run"], times: readonly [readonly number[], readonly number[]]): Promise<number> {
  const took = times.map((all) => all.map(() => 0));
  const [first, second] = times.map((all, stage): Work => async (item) => {
    const start = performance.now();
    await new Promise((resolve) => setTimeout(resolve, all[item]));
    took[stage]![item] = performance.now() - start;
    return item;
  });
  const items = times[0].map((_, index) => index);
  const start = performance.now();
  await run(items, first!, second!);
  const elapsed = performance.now() - start;
  return elapsed / ideal(took[0]!, took[1]!);
}

/** When the last item would leave the second stage. */
function ideal(first: readonly number[], second: readonly number[]): number {
  const arrivals = schedule(
    first.map((time, item) => ({ item, at: 0, time })),
    FIRST.workers,
  );
  const ends = schedule(
    arrivals.toSorted((a, b) => a.at - b.at).map(({ item, at }) => ({ item, at, time: second[item]! })),
    SECOND.workers,
  );
  return Math.max(...ends.map(({ at }) => at));
}

/** List scheduling (Graham 1966): each item, in turn, goes to the worker that is free first. */
function schedule(
  items: readonly { readonly item: number; readonly at: number; readonly time: number }[],
  workers: number,
): { item: number; at: number }[] {
  const free = Array.from({ length: workers }, () => 0);
  return items.map(({ item, at, time }) => {
    const soonest = free.indexOf(Math.min(...free));
    const end = Math.max(at, free[soonest]!) + time;
    free[soonest] = end;
    return { item, at: end };
  });
}
