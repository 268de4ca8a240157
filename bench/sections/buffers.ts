import { measureAll, withEntrants } from "../arena/entrant.js";
import { threadPeers } from "../peers/thread-peers.js";
import type { Section } from "../section.js";

const COPIES = 300;
/** The system takes some ms to give each of two threads that wait for each other a core of its own. */
const HANDOVERS = 2000;
const FLOOR = "bare postMessage";

/** What large arguments cost. */
export const buffers: Section = {
  name: "buffers",
  run: (context) =>
    withEntrants("thread", context.select(threadPeers), 1, async (entrants) => {
      const copies = Math.ceil(COPIES * context.effort);
      const calls = Math.ceil(HANDOVERS * context.effort);
      context.say("copied");
      const copied = await measureAll(entrants, "copies", { calls: copies, mib: 1 }, context);
      context.say("transferred");
      const transferred = await measureAll(entrants, "transfers", { calls, mib: 64 }, context);
      context.say("shared");
      const shared = await measureAll(entrants, "shared", { calls, mib: 64 }, context);
      const note = (count: number): string =>
        `The median of ${count.toLocaleString("en-US")} calls, one at a time, is one figure.`;
      const shape = {
        unit: "µs, p50",
        better: "lower",
        against: FLOOR,
        bars: [{ against: FLOOR, atMost: 1.1 }],
      } as const;
      return [
        {
          ...shape,
          id: "copied",
          title: "1 MiB copied to the worker, 1 thread",
          notes: [
            note(copies),
            "Depends on whether the allocator has memory at hand: look at the lower end of the range.",
          ],
          rows: copied,
        },
        {
          ...shape,
          id: "transferred",
          title: "64 MiB transferred both ways, 1 thread",
          notes: [note(calls), "Checked: the caller's buffer is empty after the call."],
          rows: transferred,
        },
        {
          ...shape,
          id: "shared",
          title: "64 MiB of shared memory as an argument, 1 thread",
          notes: [note(calls), "Checked: what the worker writes, the caller sees."],
          rows: shared,
        },
      ];
    }),
};
