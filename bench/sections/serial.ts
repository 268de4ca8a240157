import { measureAll, withEntrants } from "../arena/entrant.js";
import { wokenThread, threadPeers } from "../peers/thread-peers.js";
import type { Section } from "../section.js";

const CALLS = 20_000;
const IDLE_AFTER_MS = 10;
const FLOOR = "bare postMessage";

/** What one call costs when nothing else is in flight: mostly the price of waking a thread, twice. */
export const serial: Section = {
  name: "serial",
  run: (context) =>
    withEntrants("thread", context.select([...threadPeers, wokenThread]), 1, async (entrants) => {
      const { effort } = context;
      const calls = Math.ceil(CALLS * effort);
      context.say("one call at a time");
      const rows = await measureAll(entrants, "serial", { calls }, context);
      context.say("idle");
      const own = entrants.filter(({ name }) => name.startsWith("manyhands") || name === FLOOR);
      const options = { calls: 1000, afterMs: IDLE_AFTER_MS, ms: 600 * effort };
      const idle = await measureAll(own, "idle", options, { ...context, warmUpMs: 0 });
      return [
        {
          id: "serial",
          title: "Serial no-op call, 1 thread",
          unit: "µs, p50",
          better: "lower",
          notes: [`The median of ${calls.toLocaleString("en-US")} calls, one at a time, is one figure.`],
          rows,
          against: FLOOR,
          bars: [{ row: wokenThread.name, against: FLOOR, atMost: 1.1 }, { atMost: 5 }],
        },
        {
          id: "idle-cpu",
          title: `Processor time from ${IDLE_AFTER_MS} ms after the last call, 1 thread`,
          unit: "% of a core",
          better: "lower",
          notes: [
            "Of caller and worker together. One figure: serial calls, a pause, and the time used in what follows.",
          ],
          rows: idle,
          against: FLOOR,
          bars: [{ atMost: 0.5 }, { row: wokenThread.name, atMost: 0.5 }],
        },
      ];
    }),
};
