import { measureClients, withClients } from "../contest.js";
import { itemsPerSecond, noopsPerSecond, serialMedian } from "../drive.js";
import { processPeers } from "../peers/process-peers.js";
import type { Section, SectionContext, Table } from "../section.js";

const SERIAL_CALLS = 3000;
const CALLS = 50_000;
const IN_FLIGHT = 1000;

/** The same as for threads, with processes. */
export const processes: Section = {
  name: "process",
  run: async (context) => [await latency(context), ...(await rates(context))],
};

async function latency(context: SectionContext): Promise<Table> {
  return withClients(context.select(processPeers), 1, async (entrants) => {
    context.say("serial");
    const rows = await measureClients(
      entrants,
      (client) => () => serialMedian(SERIAL_CALLS, (index) => client.noop(index)),
      context,
    );
    const notes = [`The median of ${SERIAL_CALLS.toLocaleString("en-US")} calls, one at a time, is one figure.`];
    return {
      title: "Serial no-op call, 1 process",
      unit: "µs, p50",
      better: "lower",
      notes,
      rows,
      usesProcesses: true,
    };
  });
}

async function rates(context: SectionContext): Promise<Table[]> {
  return withClients(context.select(processPeers), 2, async (entrants) => {
    const notes = ["50,000 calls, 1,000 in flight; every result is checked."];
    context.say("no-op calls");
    const noops = await measureClients(entrants, (client) => () => noopsPerSecond(client, CALLS, IN_FLIGHT), context);
    context.say("small objects");
    const items = await measureClients(entrants, (client) => () => itemsPerSecond(client, CALLS, IN_FLIGHT), context);
    return [
      { title: "No-op calls, 2 processes", unit: "calls/s", better: "higher", notes, rows: noops, usesProcesses: true },
      {
        title: "Small objects there and back, 2 processes",
        unit: "calls/s",
        better: "higher",
        notes,
        rows: items,
        usesProcesses: true,
      },
    ];
  });
}
