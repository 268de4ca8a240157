import { contest } from "../../contest.js";
import { type BatchPeer, batchPeers, type Row } from "../../peers/batch/batch-peers.js";
import type { Section, SectionContext, Table } from "../../section.js";
import { withRows } from "./rows-file.js";

const ROWS = 200_000;

/** Items per second where the item costs nothing: what the runner itself takes. */
export const rates: Section = {
  name: "rates",
  run: async (context) => [
    await compare("An asynchronous function that does nothing", async ({ id }) => id, context),
    await compare("A synchronous function that does nothing", ({ id }) => id, context),
  ],
};

async function compare(title: string, work: (item: Row) => unknown, context: SectionContext): Promise<Table> {
  const peers = context.select(batchPeers);
  context.say(title);
  const rows = await contest(
    peers.map((peer) => ({ name: peer.name, measure: () => itemsPerCpuSecond(peer, work) })),
    { ...context, warmUpMs: 1 },
  );
  return {
    title,
    unit: "items/s of one core",
    better: "higher",
    notes: [
      `${ROWS.toLocaleString("en-US")} lines from a file to a file, divided by the processor time that it took in all threads.`,
    ],
    rows,
  };
}

async function itemsPerCpuSecond({ run, most = ROWS }: BatchPeer, work: (item: Row) => unknown): Promise<number> {
  const rows = Math.min(ROWS, most);
  return withRows(rows, async (input, output) => {
    const before = process.cpuUsage();
    await run(input, output, work);
    const { user, system } = process.cpuUsage(before);
    return (rows * 1e6) / (user + system);
  });
}
