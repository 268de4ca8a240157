import { type Contestant, contest, type Entrant, withClients } from "../contest.js";
import { callsPerSecond } from "../drive.js";
import type { Client } from "../peer.js";
import { bareThread } from "../peers/bare-thread.js";
import { threadPeers } from "../peers/thread-peers.js";
import type { Section } from "../section.js";
import { median } from "../statistics.js";
import * as work from "../work.js";

const WORKERS = 2;
const TASKS = 1000;
const IN_FLIGHT = 100;
const IDEAL = "ideal";

/** How much of two cores a pool leaves to the work. */
export const cpu: Section = {
  name: "cpu",
  run: (context) =>
    withClients(context.select(threadPeers), WORKERS, (entrants) =>
      withClients([bareThread], WORKERS, async ([bare]) => {
        const blocks = calibrate();
        context.say(`1 ms of work is ${blocks} blocks`);
        const ideal: Contestant = { name: IDEAL, measure: () => tasksWithoutCalls(bare!.client!, blocks) };
        const rows = await contest([ideal, ...contestants(entrants, blocks)], context);
        const best = rows[0]!.figures;
        return [
          {
            title: "CPU tasks of 1 ms, 2 threads",
            unit: "tasks/s",
            better: "higher",
            notes: [
              `${TASKS.toLocaleString("en-US")} tasks of ${blocks} blocks of work each, ` +
                `${IN_FLIGHT} in flight; fixed work, calibrated to 1 ms on a free core.`,
              "Ideal: the same work on two threads, in one call for each. Efficiency: of the ideal of the same round.",
            ],
            rows: [...rows.slice(1), rows[0]!],
            extra: { heading: "efficiency", cell: ({ figures }) => formatEfficiency(figures, best) },
          },
        ];
      }),
    ),
};

function contestants(entrants: readonly Entrant[], blocks: number): Contestant[] {
  const expected = work.cpu(blocks);
  return entrants.map(({ name, client, failure }) => ({
    name,
    measure: async () => {
      if (!client || failure !== undefined) throw new Error(failure);
      return callsPerSecond(
        TASKS,
        IN_FLIGHT,
        () => client.cpu(blocks),
        (result) => result === expected,
      );
    },
  }));
}

/** Tasks per second when nothing but the work is done. */
async function tasksWithoutCalls(client: Client, blocks: number): Promise<number> {
  const start = performance.now();
  await Promise.all(Array.from({ length: WORKERS }, async () => client.cpu((blocks * TASKS) / WORKERS)));
  return (TASKS * 1000) / (performance.now() - start);
}

/** Round by round, as what other programs leave of the cores changes. */
function formatEfficiency(figures: readonly number[], ideal: readonly number[]): string {
  const efficiency = median(figures.map((figure, round) => figure / ideal[round]!));
  return `${(100 * efficiency).toFixed(1)} %`;
}

/** How many blocks of work take 1 ms: by the fastest of many tries, as the others were disturbed. */
function calibrate(): number {
  const probe = 1000;
  let fastest = Number.POSITIVE_INFINITY;
  for (let trial = 0; trial < 200; trial += 1) {
    const start = performance.now();
    work.cpu(probe);
    fastest = Math.min(fastest, performance.now() - start);
  }
  return Math.round(probe / fastest);
}
