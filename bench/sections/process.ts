import { measureAll, measureRates, withEntrants } from "../arena/entrant.js";
import { processPeers } from "../peers/process-peers.js";
import { BEST_PEER, type Section, type SectionContext, type Table } from "../section.js";

const SERIAL_CALLS = 3000;
const IN_FLIGHT = 1000;
const MS = 500;
/** Node's own channel in the form that can carry what we carry. */
const FLOOR = "bare IPC advanced";

/** The same as for threads, with processes. */
export const processes: Section = {
  name: "process",
  run: async (context) => [...(await rates(context)), await latency(context)],
};

async function latency(context: SectionContext): Promise<Table> {
  return withEntrants("process", context.select(processPeers), 1, async (entrants) => {
    context.say("serial");
    const calls = Math.ceil(SERIAL_CALLS * context.effort);
    return {
      id: "process-serial",
      title: "Serial no-op call, 1 process",
      unit: "µs, p50",
      better: "lower",
      notes: [`The median of ${calls.toLocaleString("en-US")} calls, one at a time, is one figure.`],
      rows: await measureAll(entrants, "serial", { calls }, context),
      against: FLOOR,
      bars: [{ against: FLOOR, atMost: 1.15 }],
    };
  });
}

async function rates(context: SectionContext): Promise<Table[]> {
  return withEntrants("process", context.select(processPeers), 2, async (entrants) => {
    const rate = { ms: MS * context.effort, inFlight: IN_FLIGHT };
    const notes = [`1,000 in flight, counted for ${rate.ms} ms; every result is checked.`];
    context.say("no-op calls");
    const noops = await measureRates(entrants, ["noops", "mappedNoops"], rate, context);
    context.say("small objects");
    const items = await measureRates(entrants, ["items", "mappedItems"], rate, context);
    const shape = { unit: "calls/s", better: "higher", notes, against: BEST_PEER } as const;
    return [
      {
        ...shape,
        id: "process-noop",
        title: "No-op calls, 2 processes",
        rows: noops,
        bars: [{ against: BEST_PEER, atLeast: 20 }],
      },
      {
        ...shape,
        id: "process-object",
        title: "Small objects there and back, 2 processes",
        rows: items,
        bars: [{ against: BEST_PEER, atLeast: 8 }],
      },
    ];
  });
}
