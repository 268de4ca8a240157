import { type Entrant, withEntrants } from "../arena/entrant.js";
import { measureFresh } from "../arena/fresh.js";
import { type Contestant, contest } from "../contest.js";
import type { Peer } from "../peer.js";
import { queuePeer } from "../peers/local-peers.js";
import { threadPeers } from "../peers/thread-peers.js";
import type { Section, SectionContext, Table } from "../section.js";

const [manyhands] = threadPeers as [Peer, ...Peer[]];
const SMALL = { workers: 2, queued: 1000 };
const LARGE = { workers: 64, queued: 1_000_000 };
const QUICK_LARGE = { workers: 16, queued: 100_000 };
const CANCELLED = 200;
const MEASURED_CALLS = 200_000;

/** What does not grow with the pool or its queue, and what calls take that wait. */
export const scale: Section = {
  name: "scale",
  run: async (context) => [await dispatch(context), await cancellation(context), await calls(context)],
};

async function dispatch(context: SectionContext): Promise<Table> {
  context.say("dispatch");
  const large = context.effort < 1 ? QUICK_LARGE : LARGE;
  const rows = await withEntrants("thread", [manyhands], SMALL.workers, ([few]) =>
    withEntrants("thread", [manyhands], large.workers, ([many]) =>
      withEntrants("local", [queuePeer], 1, async ([bare]) => {
        const bursts = (entrant: Entrant, burst: number, name: string): Contestant => ({
          ...entrant.contestant("bursts", { calls: large.queued, burst }),
          name,
        });
        return contest(
          [
            bursts(few!, SMALL.queued, nameOf(SMALL)),
            bursts(many!, large.queued, nameOf(large)),
            bursts(bare!, SMALL.queued, bareNameOf(SMALL)),
            bursts(bare!, large.queued, bareNameOf(large)),
          ],
          { ...context, warmUpMs: 1 },
        );
      }),
    ),
  );
  return {
    id: "dispatch",
    title: "Cost of a call by workers and queue",
    unit: "ns of the caller's thread",
    better: "lower",
    notes: [
      "No-op calls on threads; made in one go and then awaited, in a pool of so many workers.",
      "Bare promises: no pool, for each call an object in a list and a promise; what longer queues cost there is the memory.",
    ],
    rows,
    against: nameOf(SMALL),
    bars: [{ row: nameOf(large), against: nameOf(SMALL), atMost: 1.5 }],
  };
}

async function cancellation(context: SectionContext): Promise<Table> {
  context.say("cancellation");
  const many = (context.effort < 1 ? QUICK_LARGE : LARGE).queued;
  const name = (queued: number): string => `one of ${queued.toLocaleString("en-US")} queued`;
  const depths = [SMALL.queued, many];
  return {
    id: "cancel",
    title: "Cancelling a call that waits",
    unit: "µs",
    better: "lower",
    notes: [`The mean of ${CANCELLED} calls, from all over the queue, each rejection awaited, is one figure.`],
    rows: await contest(
      depths.map((queued) => ({
        name: name(queued),
        role: "ours",
        measure: () => measureFresh("cancelled", queued, CANCELLED),
      })),
      { ...context, warmUpMs: 0 },
    ),
    against: name(SMALL.queued),
    bars: [{ row: name(many), against: name(SMALL.queued), atMost: 1.5 }],
  };
}

async function calls(context: SectionContext): Promise<Table> {
  context.say("memory of calls");
  const count = Math.ceil(MEASURED_CALLS * context.effort);
  const [waiting, dropped] = ["waits in the queue", "is over, and its future was never awaited"];
  return {
    id: "call-memory",
    title: "Memory of a call",
    unit: "bytes",
    better: "lower",
    notes: [
      `The caller's heap, collected, for each of ${count.toLocaleString("en-US")} calls without arguments, futures included.`,
    ],
    rows: await contest(
      [
        { name: waiting, role: "ours", measure: () => measureFresh("queued", count) },
        { name: dropped, role: "ours", measure: () => measureFresh("abandoned", 2 * count) },
      ],
      { ...context, warmUpMs: 0 },
    ),
    against: false,
    bars: [
      { row: waiting, atMost: 400 },
      { row: dropped, atMost: 2 },
    ],
  };
}

function nameOf({ workers, queued }: typeof SMALL): string {
  return `${workers} workers, ${queued.toLocaleString("en-US")} queued`;
}

function bareNameOf({ queued }: typeof SMALL): string {
  return `bare promises, ${queued.toLocaleString("en-US")} queued`;
}
