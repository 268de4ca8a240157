import { setTimeout as pause } from "node:timers/promises";
import { cpuTime } from "../../cpu-time.js";
import { formatNumber } from "../../report.js";
import type { Grid, Section, SectionContext } from "../../section.js";
import { median } from "../../statistics.js";
import { connect, type Connection, resolveBroker } from "./internals.js";
import { readFigures, readKeyBytes, type RedisFigures } from "./redis-figures.js";
import { startRedis } from "./redis-process.js";
import { openCaller, type SimulatedCaller } from "./simulated-caller.js";
import { type SimulatedNodes, startNodes } from "./simulated-nodes.js";

const SIZES = [10, 100, 300, 1000];
const CALLERS = 4;
const WORKERS_PER_NODE = 4;
const NODES_PER_PROCESS = 250;
/** Nodes that are killed, of each size. */
const KILLED = 5;
const SETTLES_MS = 5000;
const IDLE_MS = 10_000;
const DIES_WITHIN_MS = 60_000;

const LINE_NODES = [1, 10, 100];
const IN_FLIGHT = 1000;
const RECORD_BYTES = 100;
const LASTS_MS = 3000;

/** What one Redis carries: nodes that say everything a node says, but have no threads. */
export const scale: Section = {
  name: "scale",
  run: async (context) => [await membership(context), await lines(context)],
};

/** A cluster, and what belongs to it. */
interface Simulation extends AsyncDisposable {
  readonly connection: Connection;
  readonly callers: readonly SimulatedCaller[];
  readonly nodes: readonly SimulatedNodes[];
  /** In a process of their own. */
  readonly doomed: SimulatedNodes;
  readonly deaths: number[];
  /** Before anybody joined, and before any worker was placed. */
  readonly empty: RedisFigures;
  readonly joined: RedisFigures;
}

async function simulate(count: number, callerCount: number): Promise<Simulation> {
  const redis = await startRedis();
  const broker = { url: redis.url, prefix: "scale" };
  const connection = connect(resolveBroker(broker), "figures");
  const empty = await readFigures(connection);
  const deaths: number[] = [];
  const order = { broker, cpus: WORKERS_PER_NODE };
  const killed = count > KILLED ? KILLED : 0;
  const doomed = await startNodes({ ...order, name: "doomed", count: killed });
  const nodes: SimulatedNodes[] = [];
  for (let left = count - killed; left > 0; left -= NODES_PER_PROCESS) {
    nodes.push(await startNodes({ ...order, name: `n${left}`, count: Math.min(left, NODES_PER_PROCESS) }));
  }
  await pause(SETTLES_MS);
  const joined = await readFigures(connection);
  const died = (): void => void deaths.push(performance.now());
  const callers: SimulatedCaller[] = [];
  for (let index = 0; index < callerCount; index += 1) callers.push(await openCaller(broker, `c${index}`, { died }));
  return {
    connection,
    callers,
    nodes,
    doomed,
    deaths,
    empty,
    joined,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(callers.map(async (caller) => caller.close()));
      await Promise.all([doomed, ...nodes].map(async (some) => some.kill()));
      connection.disconnect();
      await redis[Symbol.asyncDispose]();
    },
  };
}

async function membership({ say }: SectionContext): Promise<Grid> {
  const lines: string[][] = [];
  for (const count of SIZES) {
    say(`${count} nodes`);
    await using simulation = await simulate(count, CALLERS);
    const { connection, callers, doomed, deaths, empty, joined } = simulation;
    const workers = count * WORKERS_PER_NODE;
    const keyBytesBefore = await readKeyBytes(connection);
    const before = await readFigures(connection);
    await Promise.all(callers.map(async (caller) => caller.place(workers / CALLERS)));
    const placed = await readFigures(connection);
    const idle = await idling(connection);
    const { commands, cpu } = idle;
    const keyBytes = (await readKeyBytes(connection)) - keyBytesBefore;
    say("kill nodes");
    const isDoomed = (node: string): boolean => node.startsWith("doomed");
    const hearers = callers.map((caller) => new Set([...caller.workers.values()].filter(isDoomed)).size);
    const awaited = hearers.reduce((sum, its) => sum + its, 0);
    const killedAt = performance.now();
    await doomed.kill();
    const detected = (await untilDead(deaths, awaited)).map((at) => (at - killedAt) / 1000);
    const perSecond = (workers * 1000) / (placed.at - before.at);
    lines.push([
      formatNumber(count).replace(/\..*/, ""),
      workers.toLocaleString("en-US"),
      ((joined.connections - empty.connections) / count).toFixed(0),
      ((joined.memory - empty.memory) / count / 1024).toFixed(0),
      (keyBytes / workers / 1024).toFixed(2),
      formatNumber(perSecond),
      ((placed.cpu - before.cpu) / workers).toFixed(2),
      formatNumber(commands),
      `${(cpu * 100).toFixed(1)} %`,
      `${median(detected).toFixed(1)} / ${Math.max(...detected).toFixed(1)}`,
    ]);
  }
  return {
    title: "Nodes and workers of one Redis",
    notes: [
      `Simulated nodes of ${WORKERS_PER_NODE} workers each, all of whose room is taken; ${CALLERS} callers; leases of 10 s. ` +
        `'Idle': what leases cost Redis while nothing is called. 'Found dead': after ${KILLED} nodes are killed, until their ` +
        "callers know, p50 and longest.",
    ],
    headings: [
      "nodes",
      "workers",
      "connections of a node",
      "KiB a node",
      "KiB a worker",
      "placed/s",
      "ms of Redis each",
      "idle commands/s",
      "idle Redis cpu",
      "found dead, s",
    ],
    lines,
  };
}

async function idling(connection: Connection): Promise<{ commands: number; cpu: number }> {
  await pause(SETTLES_MS);
  const from = await readFigures(connection);
  await pause(IDLE_MS);
  const to = await readFigures(connection);
  const took = to.at - from.at;
  return {
    commands: ((to.commands - from.commands) * 1000) / took,
    cpu: (to.cpu - from.cpu) / took,
  };
}

async function untilDead(deaths: readonly number[], count: number): Promise<readonly number[]> {
  const until = performance.now() + DIES_WITHIN_MS;
  while (deaths.length < count && performance.now() < until) await pause(100);
  if (deaths.length < count) {
    throw new Error(`Cannot go on as ${deaths.length} of ${count} deaths were noticed within ${DIES_WITHIN_MS} ms`);
  }
  return deaths;
}

async function lines({ say }: SectionContext): Promise<Grid> {
  const found: string[][] = [];
  for (const count of LINE_NODES) {
    say(`lines to ${count} nodes`);
    await using simulation = await simulate(count, 1);
    const { connection, callers, nodes, doomed } = simulation;
    const caller = callers[0]!;
    await caller.place(count * WORKERS_PER_NODE);
    await caller.exchange(IN_FLIGHT, RECORD_BYTES, LASTS_MS);
    const pids = [...nodes, doomed].map(({ process: child }) => child.pid!);
    const before = { redis: await readFigures(connection), own: process.cpuUsage(), nodes: cpuTime(pids) };
    const { records, took } = await caller.exchange(IN_FLIGHT, RECORD_BYTES, LASTS_MS);
    const redis = await readFigures(connection);
    const { user, system } = process.cpuUsage(before.own);
    const each = (ms: number): string => ((ms * 1000) / records).toFixed(1);
    const redisEach = ((redis.cpu - before.redis.cpu) * 1000) / records;
    found.push([
      String(count),
      formatNumber((records * 1000) / took),
      each((user + system) / 1000),
      each(cpuTime(pids)! - before.nodes!),
      redisEach.toFixed(1),
      formatNumber(1_000_000 / redisEach),
    ]);
  }
  return {
    title: "Calls by way of one Redis",
    notes: [
      `Records of ${RECORD_BYTES} bytes from one caller to ${WORKERS_PER_NODE} workers of each node and back, ` +
        `${IN_FLIGHT.toLocaleString("en-US")} under way for ${LASTS_MS / 1000} s: nothing is run, serialized or checked. ` +
        "The fewer are under way to one node, the fewer share a command. 'Redis alone': what it would carry, were it busy all " +
        "the time.",
    ],
    headings: ["nodes", "there and back/s", "µs of the caller", "µs of nodes", "µs of Redis", "Redis alone, calls/s"],
    lines: found,
  };
}
