import { measureClients, withClients } from "../contest.js";
import { serialMedian } from "../drive.js";
import { threadPeers } from "../peers/thread-peers.js";
import type { Section } from "../section.js";

const CALLS = 5000;

/** What one call costs when nothing else is in flight: mostly the price of waking a thread, twice. */
export const serial: Section = {
  name: "serial",
  run: (context) =>
    withClients(context.select(threadPeers), 1, async (entrants) => {
      const rows = await measureClients(
        entrants,
        (client) => () => serialMedian(CALLS, (index) => client.noop(index)),
        context,
      );
      return [
        {
          title: "Serial no-op call, 1 thread",
          unit: "µs, p50",
          better: "lower",
          notes: [`The median of ${CALLS.toLocaleString("en-US")} calls, one at a time, is one figure.`],
          rows,
        },
      ];
    }),
};
