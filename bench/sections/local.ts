import { measureAll, withEntrants } from "../arena/entrant.js";
import { localPeers } from "../peers/local-peers.js";
import { blockingThread } from "../peers/thread-peers.js";
import type { Section, SectionContext, Table } from "../section.js";

const MS = 200;
const BLOCKING_CALLS = 5000;
const FLOOR = "bare await";

/** What the interface costs where nothing has to be sent, and where the caller waits itself. */
export const local: Section = {
  name: "local",
  run: async (context) => [await sameThread(context), await blocking(context)],
};

async function sameThread(context: SectionContext): Promise<Table> {
  return withEntrants("local", context.select(localPeers), 1, async (entrants) => {
    const ms = MS * context.effort;
    return {
      id: "local",
      title: "No-op call in the same thread",
      unit: "ns",
      better: "lower",
      notes: [
        `The mean of the calls of ${ms} ms, each awaited, is one figure.`,
        "Contexts followed: an `AsyncLocalStorage` is in use, as it is in mode `async`, where several calls run at once.",
      ],
      rows: await measureAll(entrants, "awaited", { ms }, context),
      against: FLOOR,
      bars: [
        { row: "manyhands sync", against: FLOOR, atMost: 3 },
        { row: "manyhands async", against: FLOOR, atMost: 3 },
      ],
    };
  });
}

async function blocking(context: SectionContext): Promise<Table> {
  return withEntrants("thread", context.select([blockingThread]), 1, async (entrants) => {
    context.say("blocking");
    const calls = Math.ceil(BLOCKING_CALLS * context.effort);
    return {
      id: "blocking",
      title: "Blocking call, 1 hot thread",
      unit: "µs, p50",
      better: "lower",
      notes: [`The median of ${calls.toLocaleString("en-US")} calls, one right after the other, is one figure.`],
      rows: await measureAll(entrants, "blocking", { calls }, context),
      against: false,
      bars: [{ row: blockingThread.name, atMost: 5 }],
    };
  });
}
