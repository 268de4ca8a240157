import { measureFresh } from "../arena/fresh.js";
import { contest, type ContestOptions, type Row } from "../contest.js";
import type { Peer } from "../peer.js";
import { processPeers } from "../peers/process-peers.js";
import type { Kind } from "../peers/roster.js";
import { threadPeers } from "../peers/thread-peers.js";
import { BEST_PEER, type Section, type SectionContext, type Table } from "../section.js";
import { median } from "../statistics.js";

const WORKERS = 2;
/** Processes whose median is one figure, and in a quick run. */
const STARTS = 3;
const QUICK_STARTS = 1;
const FEW = 2;
const MANY = 6;

/** How soon a pool is of use. */
export const start: Section = {
  name: "start",
  run: async (context) => {
    const starts = context.effort < 1 ? QUICK_STARTS : STARTS;
    const note = `From making the pool to its first result, the library being loaded; the median of ${starts} fresh processes is one figure.`;
    const shape = { unit: "ms", better: "lower", notes: [note] } as const;
    const table = async (kind: Kind, peers: readonly Peer[], floor: string, more: Pick<Table, "id" | "title">) => {
      context.say(more.title);
      const rows = await measurePeers(kind, context.select(peers), context, (name) => startOf(kind, name, starts));
      return { ...shape, ...more, rows, against: floor, bars: [{ against: floor, atMost: 1.15 }] };
    };
    return [
      await importTable(context),
      await table("thread", threadPeers, "bare postMessage", {
        id: "thread-start",
        title: "Start of 2 threads, to the first result",
      }),
      await table("process", processPeers, "bare IPC advanced", {
        id: "process-start",
        title: "Start of 2 processes, to the first result",
      }),
    ];
  },
};

async function importTable(context: SectionContext): Promise<Table> {
  context.say("import");
  const peers = context.select(threadPeers).filter(({ role }) => role !== "floor");
  return {
    id: "import",
    title: "Import of the library",
    unit: "ms",
    better: "lower",
    notes: ["In a fresh process, whose disk cache has the files: most of it is finding, reading and compiling them."],
    rows: await measurePeers("thread", peers, context, (name) => measureFresh("imported", "thread", name)),
    against: BEST_PEER,
  };
}

/** What a worker takes while it does nothing. */
export const memory: Section = {
  name: "memory",
  run: async (context) => [await threadMemory(context), await processMemory(context)],
};

async function threadMemory(context: SectionContext): Promise<Table> {
  const floor = "bare postMessage";
  const rows = await measurePeers("thread", context.select(threadPeers), context, async (name) => {
    const few = await measureFresh("threads", "thread", name, FEW);
    const many = await measureFresh("threads", "thread", name, MANY);
    return (many - few) / (MANY - FEW);
  });
  return {
    id: "thread-memory",
    title: "Memory of an idle thread",
    unit: "MiB",
    better: "lower",
    notes: [
      `What a fresh process with ${MANY} threads has in memory (RSS) beyond one with ${FEW}, for each, after some calls and a pause.`,
    ],
    rows,
    against: floor,
    bars: [{ minus: floor, atMost: 0.5 }],
  };
}

async function processMemory(context: SectionContext): Promise<Table> {
  const floor = "bare IPC advanced";
  return {
    id: "process-memory",
    title: "Memory of an idle child process",
    unit: "MiB",
    better: "lower",
    notes: ["What it shares with no other process, after some calls and a pause."],
    rows: await measurePeers("process", context.select(processPeers), context, (name) =>
      measureFresh("processes", "process", name, WORKERS),
    ),
    against: floor,
    bars: [{ minus: floor, atMost: 0.5 }],
  };
}

async function startOf(kind: Kind, name: string, starts: number): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < starts; index += 1) times.push(await measureFresh("start", kind, name, WORKERS));
  return median(times);
}

async function measurePeers(
  kind: Kind,
  peers: readonly Peer[],
  options: ContestOptions,
  measure: (name: string) => Promise<number>,
): Promise<Row[]> {
  return contest(
    peers.map(({ name, role }) => ({ name, role, measure: () => measure(name) })),
    { ...options, warmUpMs: 0 },
  );
}
