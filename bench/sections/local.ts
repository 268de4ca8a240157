import { measureClients, type Row, withClients } from "../contest.js";
import type { Client, Peer } from "../peer.js";
import { bareObject } from "../peers/bare-object.js";
import { manyhands } from "../peers/manyhands.js";
import type { Section, SectionContext } from "../section.js";

const CALLS = 200_000;

/**
 * What the interface costs where nothing has to be sent.
 *
 * Bare calls are measured twice: before and beside the pools, as following a call through its awaits can make every
 * promise of the program slower.
 */
export const local: Section = {
  name: "local",
  run: async (context) => {
    const before = await measure([{ ...bareObject, name: "bare await, before any pool" }], context);
    const pools = [manyhands("sync", "manyhands sync"), manyhands("async", "manyhands async")];
    const beside = await measure([...pools, { ...bareObject, name: "bare await, beside the pools" }], context);
    return [
      {
        title: "No-op call in the same thread",
        unit: "ns",
        better: "lower",
        notes: [`The mean of ${CALLS.toLocaleString("en-US")} calls, each awaited, is one figure.`],
        rows: [...beside, ...before],
      },
    ];
  },
};

async function measure(peers: readonly Peer[], context: SectionContext): Promise<Row[]> {
  return withClients(peers, 1, (entrants) =>
    measureClients(entrants, (client) => () => nanosecondsPerCall(client), context),
  );
}

async function nanosecondsPerCall(client: Client): Promise<number> {
  let sum = 0;
  const start = performance.now();
  for (let index = 0; index < CALLS; index += 1) sum += await client.noop(index);
  const elapsed = performance.now() - start;
  if (sum !== (CALLS * (CALLS - 1)) / 2) throw new Error("Cannot count the calls as a result is wrong");
  return (elapsed * 1e6) / CALLS;
}
