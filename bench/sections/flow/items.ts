import { contest } from "../../contest.js";
import { arrayPeers, streamPeers, type StreamPeer, type Work } from "../../peers/flow/map-peers.js";
import type { Section, SectionContext, Table } from "../../section.js";

const ITEMS = 100_000;
const LAZY_ITEMS = 1_000_000;
const CONCURRENCY = 16;

const nothing: Work = async (item) => item;

/** What a mapping costs for each item, where the work itself costs nothing. */
export const items: Section = {
  name: "items",
  run: async (context) => {
    const all = Array.from({ length: ITEMS }, (_, index) => index);
    const arrays = context.select(arrayPeers).map(({ name, run }) => ({
      name,
      measure: () => nanoseconds(ITEMS, async () => (await run(all, nothing, CONCURRENCY)).length),
    }));
    context.say("arrays");
    return [
      table(`${ITEMS.toLocaleString("en-US")} items into an array`, await contest(arrays, context)),
      await compare("ordered", true, context),
      await compare("unordered", false, context),
    ];
  },
};

/** The same over a source of a million that is made as it is read. */
export const lazy: Section = {
  name: "lazy",
  run: async (context) => {
    const contestants = context.select(streamPeers).map((peer) => ({
      name: peer.name,
      measure: () => nanoseconds(LAZY_ITEMS, () => count(peer, numbers(LAZY_ITEMS))),
    }));
    return [
      table(
        `A generator of ${LAZY_ITEMS.toLocaleString("en-US")}, read one by one`,
        await contest(contestants, { ...context, warmUpMs: 0 }),
      ),
    ];
  },
};

async function compare(title: string, isOrdered: boolean, context: SectionContext): Promise<Table> {
  const peers = context.select(streamPeers).filter((peer) => peer.isOrdered === isOrdered);
  context.say(title);
  const contestants = peers.map((peer) => ({
    name: peer.name,
    measure: () => nanoseconds(ITEMS, () => count(peer, numbers(ITEMS))),
  }));
  return table(
    `${ITEMS.toLocaleString("en-US")} items from a generator, read one by one, ${title}`,
    await contest(contestants, context),
  );
}

function table(title: string, rows: Table["rows"]): Table {
  return {
    title,
    unit: "ns for each",
    better: "lower",
    notes: [`An async function that does nothing, ${CONCURRENCY} at once.`],
    rows,
  };
}

function* numbers(end: number): Generator<number> {
  for (let n = 0; n < end; n += 1) yield n;
}

async function count({ open }: StreamPeer, source: Iterable<number>): Promise<number> {
  let seen = 0;
  for await (const _ of open(source, nothing, CONCURRENCY)) seen += 1;
  return seen;
}

async function nanoseconds(expected: number, work: () => Promise<number>): Promise<number> {
  const start = performance.now();
  const seen = await work();
  const elapsed = performance.now() - start;
  if (seen !== expected) throw new Error(`Cannot count the items as ${seen} came of ${expected}`);
  return (elapsed * 1e6) / expected;
}
