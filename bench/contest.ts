/**
 * Measures several things in turn, so that what else the machine does falls on all of them alike.
 *
 * Owns the clients it opens and closes them. A client that fails or hangs is out for the rest of its section.
 */
import { type OtherLoad, watchOtherLoad } from "./other-load.js";
import type { Client, Peer } from "./peer.js";
import { within } from "./within.js";

/** One thing to measure, again and again. */
export interface Contestant {
  readonly name: string;
  /** One figure. */
  measure(): Promise<number>;
}

/** What was measured of one contestant. */
export interface Row {
  readonly peer: string;
  /** One for each round; none where the peer cannot do it. */
  readonly figures: number[];
  /** What else the machine did meanwhile, round by round. */
  readonly loads: OtherLoad[];
  /** Why there are none. */
  failure?: string;
}

/** A peer with its pool, or with the reason why it has none. */
export interface Entrant {
  readonly name: string;
  readonly client: Client | undefined;
  failure: string | undefined;
}

/** How a contest is held. */
export interface ContestOptions {
  readonly rounds: number;
  /** How long a contestant runs before its figures count, in ms; 0 for not at all. Default: 500. */
  readonly warmUpMs?: number;
  say(line: string): void;
}

/** How long opening or closing a pool may take, in ms. */
const OPEN_WITHIN_MS = 20_000;
/** How long one figure may take, in ms. */
const MEASURE_WITHIN_MS = 120_000;
const WARM_UP_MS = 500;

/** Opens the peers, lets `use` have them, and closes them. */
export async function withClients<T>(
  peers: readonly Peer[],
  workers: number,
  use: (entrants: readonly Entrant[]) => Promise<T>,
): Promise<T> {
  const entrants: Entrant[] = [];
  try {
    for (const peer of peers) entrants.push(await open(peer, workers));
    return await use(entrants);
  } finally {
    for (const { name, client } of entrants) {
      if (client) await within(OPEN_WITHIN_MS, `close ${name}`, client.close()).catch(() => {});
    }
  }
}

/** Measures the entrants, round by round; `undefined` from `prepare` stands for what an entrant cannot do. */
export async function measureClients(
  entrants: readonly Entrant[],
  prepare: (client: Client) => (() => Promise<number>) | undefined,
  options: ContestOptions,
): Promise<Row[]> {
  const rows = entrants.map((entrant): { row: Row; contestant: Contestant | undefined } => {
    const { name, client, failure } = entrant;
    const row: Row = { peer: name, figures: [], loads: [], ...(failure !== undefined && { failure }) };
    const measure = client && failure === undefined ? prepare(client) : undefined;
    return { row, contestant: measure && { name, measure } };
  });
  const active = rows.flatMap(({ contestant }) => contestant ?? []);
  const measured = await contest(active, options);
  for (const row of measured) {
    if (row.failure !== undefined) entrants.find(({ name }) => name === row.peer)!.failure = row.failure;
  }
  return rows.map(({ row }) => measured.find(({ peer }) => peer === row.peer) ?? row);
}

/** Warms the contestants up, then measures each once in every round. */
export async function contest(contestants: readonly Contestant[], options: ContestOptions): Promise<Row[]> {
  const { rounds, warmUpMs = WARM_UP_MS, say } = options;
  const rows = contestants.map(({ name }): Row => ({ peer: name, figures: [], loads: [] }));
  const attempt = async (index: number, isWarmUp: boolean): Promise<void> => {
    const row = rows[index]!;
    if (row.failure !== undefined) return;
    globalThis.gc?.();
    try {
      const { name, measure } = contestants[index]!;
      const loadSoFar = watchOtherLoad();
      const figure = await within(MEASURE_WITHIN_MS, `measure ${name}`, measure());
      if (isWarmUp) return;
      row.loads.push(loadSoFar());
      row.figures.push(figure);
      say(`${name}: ${figure.toPrecision(4)}`);
    } catch (error) {
      row.failure = String(error);
      row.figures.length = 0;
    }
  };

  if (warmUpMs > 0) say("warm-up");
  for (const index of contestants.keys()) {
    const start = performance.now();
    while (rows[index]!.failure === undefined && performance.now() - start < warmUpMs) await attempt(index, true);
  }
  for (let round = 1; round <= rounds; round += 1) {
    say(`round ${round} of ${rounds}`);
    for (const index of contestants.keys()) await attempt(index, false);
  }
  return rows;
}

async function open(peer: Peer, workers: number): Promise<Entrant> {
  const { name } = peer;
  let client: Client | undefined;
  try {
    client = await within(OPEN_WITHIN_MS, `open ${name}`, peer.open(workers));
    const answer = await within(OPEN_WITHIN_MS, `get a first answer from ${name}`, client.noop(7));
    if (answer !== 7) throw new Error(`Cannot use ${name} as its first answer is wrong: ${String(answer)}`);
    return { name, client, failure: undefined };
  } catch (error) {
    return { name, client, failure: String(error) };
  }
}
