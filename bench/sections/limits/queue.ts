import { contest, type Row } from "../../contest.js";
import { concurrencyPeers } from "../../peers/limiters/concurrency-peers.js";
import { idle, type Limiter, type LimiterPeer } from "../../peers/limiters/limiter.js";
import type { Section, SectionContext, Table } from "../../section.js";
import { median } from "../../statistics.js";

const CONCURRENCY = 10;
/** Takes seconds and a gigabyte: once is enough. */
const LONG = 1_000_000;
const LENGTHS = [1000, 10_000, 100_000, LONG];

/** What a limiter costs when many wait: the cost of one must not grow with the queue. */
export const queue: Section = {
  name: "queue",
  run: async (context) => {
    const tables: Table[] = [];
    let shortest: readonly Row[] | undefined;
    for (const length of LENGTHS) {
      const rows = await measure(length, context);
      tables.push(makeTable(length, rows, shortest));
      shortest ??= rows;
    }
    return tables;
  },
};

async function measure(length: number, context: SectionContext): Promise<Row[]> {
  context.say(`${length} at once`);
  const peers = context
    .select(concurrencyPeers(CONCURRENCY))
    .filter(({ longestQueue = Number.POSITIVE_INFINITY }) => length <= longestQueue);
  return contest(
    peers.map((peer) => ({ name: peer.name, measure: () => microsecondsPerCall(peer, length) })),
    length >= LONG ? { ...context, rounds: 1, warmUpMs: 0 } : context,
  );
}

function makeTable(length: number, rows: readonly Row[], shortest: readonly Row[] | undefined): Table {
  return {
    title: `${length.toLocaleString("en-US")} at once through a concurrency of ${CONCURRENCY}`,
    unit: "µs for each",
    better: "lower",
    notes: shortest
      ? []
      : [
          "From the first request to the end of the last; a task does nothing. Longer queues follow; the longest is measured once.",
        ],
    rows,
    ...(shortest && {
      extra: {
        heading: `× its cost at ${LENGTHS[0]!.toLocaleString("en-US")}`,
        cell: ({ peer, figures }) => {
          const before = shortest.find((row) => row.peer === peer)?.figures ?? [];
          return before.length === 0 ? "—" : (median(figures) / median(before)).toFixed(2);
        },
      },
    }),
  };
}

async function microsecondsPerCall(peer: LimiterPeer, length: number): Promise<number> {
  const limiter = peer.open();
  const start = performance.now();
  await all(limiter, length);
  return ((performance.now() - start) * 1000) / length;
}

async function all(limiter: Limiter, length: number): Promise<void> {
  const waiting: PromiseLike<unknown>[] = [];
  for (let index = 0; index < length; index += 1) {
    waiting.push("run" in limiter ? limiter.run(idle) : limiter.acquire().then((token) => limiter.release(token)));
  }
  await Promise.all(waiting);
}
