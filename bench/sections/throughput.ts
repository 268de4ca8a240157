import { measureClients, withClients } from "../contest.js";
import { itemsPerSecond, noopsPerSecond } from "../drive.js";
import { threadPeers } from "../peers/thread-peers.js";
import type { Section } from "../section.js";

const CALLS = 100_000;
const IN_FLIGHT = 1000;

/** How many calls a pool can make when many are in flight: what the library itself costs. */
export const throughput: Section = {
  name: "throughput",
  run: (context) =>
    withClients(context.select(threadPeers), 2, async (entrants) => {
      const notes = ["100,000 calls, 1,000 in flight; every result is checked."];
      context.say("no-op calls");
      const noops = await measureClients(entrants, (client) => () => noopsPerSecond(client, CALLS, IN_FLIGHT), context);
      context.say("small objects");
      const items = await measureClients(entrants, (client) => () => itemsPerSecond(client, CALLS, IN_FLIGHT), context);
      return [
        { title: "No-op calls, 2 threads", unit: "calls/s", better: "higher", notes, rows: noops },
        {
          title: "Small objects there and back, 2 threads",
          unit: "calls/s",
          better: "higher",
          notes: [...notes, 'The object: `{ id, name: "hello world", tags: ["a", "b", "c"], n }`.'],
          rows: items,
        },
      ];
    }),
};
