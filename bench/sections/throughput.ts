import { measureAll, measureRates, withEntrants } from "../arena/entrant.js";
import { threadPeers } from "../peers/thread-peers.js";
import { BEST_PEER, type Section, type Sweep } from "../section.js";

const WORKERS = 2;
const IN_FLIGHT = 1000;
const MS = 500;
const SWEEP_MS = 250;
const DEPTHS = [1, 2, 4, 16, 64, 256, 1000, 10_000];
const QUICK_DEPTHS = [1, 16, 1000];

/** How many calls a pool can make when many are in flight: what the library itself costs. */
export const throughput: Section = {
  name: "throughput",
  run: (context) =>
    withEntrants("thread", context.select(threadPeers), WORKERS, async (entrants) => {
      const rate = { ms: MS * context.effort, inFlight: IN_FLIGHT };
      const notes = [`1,000 in flight, counted for ${rate.ms} ms; every result is checked.`];
      context.say("no-op calls");
      const noops = await measureRates(entrants, ["noops", "mappedNoops"], rate, context);
      context.say("small objects");
      const items = await measureRates(entrants, ["items", "mappedItems"], rate, context);
      context.say("strings");
      const texts = await measureRates(entrants, ["texts", "mappedTexts"], rate, context);
      const shape = { unit: "calls/s", better: "higher", against: BEST_PEER } as const;
      return [
        {
          ...shape,
          id: "thread-noop",
          title: "No-op calls, 2 threads",
          notes,
          rows: noops,
          bars: [{ against: BEST_PEER, atLeast: 30 }],
        },
        {
          ...shape,
          id: "thread-object",
          title: "Small objects there and back, 2 threads",
          notes: [...notes, 'The object: `{ id, name: "hello world", tags: ["a", "b", "c"], n }`.'],
          rows: items,
          bars: [{ against: BEST_PEER, atLeast: 12 }],
        },
        {
          ...shape,
          id: "thread-text",
          title: "Strings of 10 kB there and back, 2 threads",
          notes,
          rows: texts,
          bars: [{ against: BEST_PEER, atLeast: 3 }],
        },
      ];
    }),
};

/** The same no-op calls with few and with many in flight. */
export const sweep: Section = {
  name: "sweep",
  run: (context) =>
    withEntrants("thread", context.select(threadPeers), WORKERS, async (entrants) => {
      const columns: Sweep["columns"][number][] = [];
      const ms = SWEEP_MS * context.effort;
      // Code is warm after this; each depth then begins with a run that does not count, for what adapts to it.
      await measureAll(entrants, "noops", { ms, inFlight: IN_FLIGHT }, { ...context, rounds: 0 });
      for (const inFlight of context.effort < 1 ? QUICK_DEPTHS : DEPTHS) {
        context.say(`${inFlight} in flight`);
        const rows = await measureAll(entrants, "noops", { ms, inFlight }, { ...context, warmUpMs: 1 });
        columns.push({ label: inFlight.toLocaleString("en-US"), rows });
      }
      return [
        {
          id: "sweep",
          title: "No-op calls by calls in flight, 2 threads",
          unit: "calls/s",
          better: "higher",
          notes: [`Counted for ${ms} ms each.`],
          heading: "in flight",
          columns,
          bars: [{ against: BEST_PEER, atLeast: 1 }],
        },
      ];
    }),
};
