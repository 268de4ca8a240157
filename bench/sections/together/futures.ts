import { asCompleted, gather, wait } from "manyhands";
import { contest } from "../../contest.js";
import { REFERENCE } from "../../peer.js";
import { GateWorker } from "../../peers/gate-worker.js";
import type { Section, SectionContext, Table } from "../../section.js";

const COUNTS = [1000, 100_000];
/** What takes quadratic time is not asked for more. */
const MOST_RACED = 1000;

/** A way to wait for all of them; returns how many came. */
interface Way {
  readonly name: string;
  readonly most?: number;
  run(items: readonly PromiseLike<number>[]): Promise<number>;
}

const ways: readonly Way[] = [
  { name: `${REFERENCE} gather`, run: async (items) => (await gather(items)).length },
  {
    name: `${REFERENCE} asCompleted`,
    run: async (items) => {
      let count = 0;
      for await (const { status } of asCompleted(items)) if (status === "done") count += 1;
      return count;
    },
  },
  { name: `${REFERENCE} wait`, run: async (items) => (await wait(items)).done.size },
  { name: "Promise.all", run: async (items) => (await Promise.all(items)).length },
  { name: "Promise.allSettled", run: async (items) => (await Promise.allSettled(items)).length },
  {
    name: "Promise.race, one by one",
    most: MOST_RACED,
    run: async (items) => {
      const left = new Map(items.map((item, index) => [index, item.then(() => index)] as const));
      let count = 0;
      for (; left.size > 0; count += 1) left.delete(await Promise.race(left.values()));
      return count;
    },
  },
];

/** What it costs to wait for many, for each of them. */
export const futures: Section = {
  name: "futures",
  run: async (context) => {
    const tables: Table[] = [];
    await using pool = GateWorker.options({ mode: "async" }).init();
    const openFutures = (count: number): ReturnType<Open> => ({
      items: Array.from({ length: count }, () => pool.wait()),
      settle: () => void pool.open(),
    });
    for (const count of COUNTS) {
      tables.push(await compare("futures", count, () => openFutures(count), context));
      tables.push(await compare("promises", count, () => openPromises(count), context));
    }
    return tables;
  },
};

/** What is to be waited for, and what settles all of it. */
type Open = () => { readonly items: readonly PromiseLike<number>[]; settle(): void };

async function compare(kind: string, count: number, open: Open, context: SectionContext): Promise<Table> {
  context.say(`${count} ${kind}`);
  const contestants = context
    .select(ways)
    .filter(({ most = Number.POSITIVE_INFINITY }) => count <= most)
    .map(({ name, run }) => ({ name, measure: () => nanoseconds(run, count, open) }));
  return {
    title: `Waiting for ${count.toLocaleString("en-US")} ${kind}`,
    unit: "ns for each",
    better: "lower",
    notes: [
      "They are pending when the wait begins, and settle in the next turn." +
        (kind === "futures" ? " The end of each call is in all figures alike." : ""),
    ],
    rows: await contest(contestants, context),
  };
}

async function nanoseconds(run: Way["run"], count: number, open: Open): Promise<number> {
  const { items, settle } = open();
  const start = performance.now();
  const all = run(items);
  setImmediate(settle);
  const came = await all;
  const elapsed = performance.now() - start;
  if (came !== count) throw new Error(`Cannot count them as ${came} came of ${count}`);
  return (elapsed * 1e6) / count;
}

function openPromises(count: number): ReturnType<Open> {
  const settlers: ((value: number) => void)[] = [];
  const items = Array.from({ length: count }, () => new Promise<number>((resolve) => settlers.push(resolve)));
  return { items, settle: () => settlers.forEach((resolve, index) => resolve(index)) };
}
