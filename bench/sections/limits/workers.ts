import { AdaptiveLimit, CallLimit, type Limit, LimitSet, type Mode, ResourceLimit } from "manyhands";
import { type Contestant, contest } from "../../contest.js";
import { AcquireWorker } from "../../peers/limiters/acquire-worker.js";
import { REFERENCE } from "../../peer.js";
import type { Section, SectionContext, Table } from "../../section.js";

const WORKERS = 3;

interface Setting {
  readonly name: string;
  readonly mode: Mode;
  /** How many acquires make a figure. */
  readonly times: number;
  limit(): Limit;
}

const connections = (): Limit => new ResourceLimit({ key: "connections", capacity: 1000 });

const SETTINGS: readonly Setting[] = [
  { name: `${REFERENCE} thread, shared memory`, mode: "thread", times: 100_000, limit: connections },
  {
    name: `${REFERENCE} thread, shared memory, calls`,
    mode: "thread",
    times: 100_000,
    limit: () => new CallLimit({ capacity: 1e9, window: 1000 }),
  },
  {
    name: `${REFERENCE} thread, asking the owner`,
    mode: "thread",
    times: 3000,
    limit: () => new AdaptiveLimit({ initial: 1000, max: 1000 }),
  },
  { name: `${REFERENCE} process, asking the owner`, mode: "process", times: 3000, limit: connections },
];

/** What workers elsewhere pay for limits that are shared by all: why threads take what is free through shared memory. */
export const workers: Section = {
  name: "workers",
  run: async (context) => {
    const settings = context.select(SETTINGS);
    return [
      await compare("A free limit in one worker", settings, 1, context),
      await compare(`A free limit in ${WORKERS} workers and their owner at once`, settings, WORKERS, context),
    ];
  },
};

async function compare(
  title: string,
  settings: readonly Setting[],
  count: number,
  context: SectionContext,
): Promise<Table> {
  context.say(title);
  const contestants: Contestant[] = [];
  const ends: (() => Promise<void>)[] = [];
  try {
    for (const { name, mode, times, limit } of settings) {
      const limits = new LimitSet([limit()]);
      const pool = AcquireWorker.options({ mode, limits, maxWorkers: count }).init();
      ends.push(async () => pool.stop());
      await pool.ready();
      const measure = async (): Promise<number> => {
        const figures = pool.broadcast.acquire(times);
        if (count > 1) await acquireHere(limits, times);
        const all = await figures;
        return all.reduce((sum, figure) => sum + figure, 0) / all.length;
      };
      contestants.push({ name, measure });
    }
    return {
      title,
      unit: "ns",
      better: "lower",
      notes: ["Acquire and release, each awaited, as the worker itself times it; the mean over workers is one figure."],
      rows: await contest(contestants, context),
      usesProcesses: true,
    };
  } finally {
    for (const end of ends) await end();
  }
}

/** The owner does the same, and goes back to its event loop now and then, as owners do. */
async function acquireHere(limits: LimitSet, times: number): Promise<void> {
  for (let index = 1; index <= times; index += 1) {
    (await limits.acquire()).release();
    if (index % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}
