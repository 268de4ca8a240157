/** Measures peers in turn: one call at a time, and many in flight. */
import { contest, type Row } from "../../contest.js";
import { cpuTime } from "../../cpu-time.js";
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
    const tables = [await serial(what, clients, notes, context)];
    for (const inFlight of IN_FLIGHT) tables.push(await throughput(what, inFlight, clients, notes, redis.pid, context));
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
  const rows = await measure(clients, context, async (client, name) => {
    const { p50, p95 } = await client.serial(SERIAL_CALLS);
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

async function throughput(
  what: string,
  inFlight: number,
  clients: ReadonlyMap<string, RemoteClient>,
  notes: readonly string[],
  redisPid: number,
  context: SectionContext,
): Promise<Table> {
  context.say(`${inFlight} in flight`);
  const costs = new Map<string, Cost[]>();
  const rows = await measure(clients, context, async (client, name) => {
    const costSoFar = watchCost(client, redisPid);
    const { calls, took } = await client.throughput(inFlight, LASTS_MS);
    costs.set(name, [...(costs.get(name) ?? []), costSoFar(calls)]);
    return (calls * 1000) / took;
  });
  const many = inFlight.toLocaleString("en-US");
  return {
    title: `${what}, ${many} in flight for ${LASTS_MS / 1000} s`,
    unit: "calls/s",
    better: "higher",
    usesProcesses: true,
    notes: [
      ...notes,
      "The third column: time of processors for a call, in µs, of the caller, the other side, and Redis.",
    ],
    rows,
    extra: { heading: "cpu", cell: ({ peer }) => formatCosts(costs.get(peer)!) },
  };
}

/** Time of processors for one call, in µs; not a number where it is not known. */
interface Cost {
  readonly caller: number;
  readonly others: number;
  readonly redis: number;
}

function watchCost({ processes, isCalledHere }: RemoteClient, redisPid: number): (calls: number) => Cost {
  const own = process.cpuUsage();
  const before = { others: cpuTime(processes), redis: cpuTime([redisPid]) };
  return (calls) => {
    const { user, system } = process.cpuUsage(own);
    const since = (now: number | undefined, then: number | undefined): number => ((now! - then!) * 1000) / calls;
    return {
      caller: isCalledHere ? (user + system) / calls : 0,
      others: since(cpuTime(processes), before.others),
      redis: since(cpuTime([redisPid]), before.redis),
    };
  };
}

function formatCosts(costs: readonly Cost[]): string {
  const figure = (part: keyof Cost): string => median(costs.map((cost) => cost[part])).toFixed(0);
  return `${figure("caller")} + ${figure("others")} + ${figure("redis")}`;
}

async function measure(
  clients: ReadonlyMap<string, RemoteClient>,
  context: SectionContext,
  figure: (client: RemoteClient, name: string) => Promise<number>,
): Promise<Row[]> {
  const contestants = [...clients].map(([name, client]) => ({ name, measure: async () => figure(client, name) }));
  return contest(contestants, { ...context, warmUpMs: 0 });
}
