/** Measures peers in turn: one call at a time, and many in flight. */
import { contest, type Row } from "../../contest.js";
import type { RemoteClient, RemotePeer } from "../../peers/distributed/remote-peer.js";
import type { SectionContext, Table } from "../../section.js";
import { median } from "../../statistics.js";
import { within } from "../../within.js";
import { startRedis } from "./redis-process.js";

const SERIAL_CALLS = 300;
const IN_FLIGHT = [100, 1000];
const LASTS_MS = 3000;
const OPENS_WITHIN_MS = 30_000;

/** @param what - what is called, as a part of titles */
export async function measureRemote(
  what: string,
  peers: readonly RemotePeer[],
  notes: readonly string[],
  context: SectionContext,
): Promise<Table[]> {
  await using redis = await startRedis();
  const clients = new Map<string, RemoteClient>();
  const missing: Row[] = [];
  try {
    for (const { name, open } of context.select(peers)) {
      try {
        context.say(`open ${name}`);
        const client = await within(OPENS_WITHIN_MS, `open ${name}`, open(redis.url));
        clients.set(name, client);
        // All that is loaded late is loaded, and what is hot is compiled.
        await within(OPENS_WITHIN_MS, `call ${name}`, client.throughput(IN_FLIGHT[0]!, LASTS_MS));
      } catch (error) {
        missing.push({ peer: name, figures: [], loads: [], failure: String(error) });
      }
    }
    const shared = { better: "higher" as const, unit: "calls/s", usesProcesses: true, notes };
    const tables = [await serial(what, clients, notes, context)];
    for (const inFlight of IN_FLIGHT) {
      context.say(`${inFlight} in flight`);
      const rows = await measure(clients, context, (client) => client.throughput(inFlight, LASTS_MS));
      const many = inFlight.toLocaleString("en-US");
      tables.push({ ...shared, title: `${what}, ${many} in flight for ${LASTS_MS / 1000} s`, rows });
    }
    return tables.map((table) => ({ ...table, rows: [...table.rows, ...missing] }));
  } finally {
    for (const [name, client] of clients) {
      await within(OPENS_WITHIN_MS, `close ${name}`, client.close()).catch((error) => context.say(String(error)));
    }
  }
}

async function serial(
  what: string,
  clients: ReadonlyMap<string, RemoteClient>,
  notes: readonly string[],
  context: SectionContext,
): Promise<Table> {
  context.say("one at a time");
  const late = new Map<string, number[]>();
  const names = new Map([...clients].map(([name, client]) => [client, name]));
  const rows = await measure(clients, context, async (client) => {
    const { p50, p95 } = await client.serial(SERIAL_CALLS);
    const name = names.get(client)!;
    late.set(name, [...(late.get(name) ?? []), p95]);
    return p50;
  });
  return {
    title: `${what}, one at a time`,
    unit: "ms, p50",
    better: "lower",
    usesProcesses: true,
    notes: [`${SERIAL_CALLS} calls a round.`, ...notes],
    rows,
    extra: { heading: "p95", cell: ({ peer }) => median(late.get(peer)!).toFixed(2) },
  };
}

async function measure(
  clients: ReadonlyMap<string, RemoteClient>,
  context: SectionContext,
  figure: (client: RemoteClient) => Promise<number>,
): Promise<Row[]> {
  const contestants = [...clients].map(([name, client]) => ({ name, measure: async () => figure(client) }));
  return contest(contestants, { ...context, warmUpMs: 0 });
}
