/**
 * Measures several things in turn, so that what else the machine does falls on all of them alike. What fails or hangs is
 * out for the rest of its contest.
 */
import { type OtherLoad, watchOtherLoad } from "./other-load.js";
import type { Role } from "./peer.js";
import { within } from "./within.js";

/** One thing to measure, again and again. */
export interface Contestant {
  readonly name: string;
  readonly role?: Role;
  /** One figure. */
  measure(): Promise<number>;
}

/** What was measured of one contestant. */
export interface Row {
  readonly peer: string;
  readonly role?: Role;
  /** One for each round; none where the peer cannot do it. */
  readonly figures: number[];
  /** What else the machine did meanwhile, round by round. */
  readonly loads: OtherLoad[];
  /** Why there are none. */
  failure?: string;
}

/** How a contest is held. */
export interface ContestOptions {
  readonly rounds: number;
  /** How long a contestant runs before its figures count, in ms; 0 for not at all. Default: 500. */
  readonly warmUpMs?: number;
  say(line: string): void;
}

/** How long one figure may take, in ms. */
const MEASURE_WITHIN_MS = 120_000;
const WARM_UP_MS = 500;

/** Warms the contestants up, then measures each once in every round. */
export async function contest(contestants: readonly Contestant[], options: ContestOptions): Promise<Row[]> {
  const { rounds, warmUpMs = WARM_UP_MS, say } = options;
  const rows = contestants.map(({ name, role }): Row => ({
    peer: name,
    ...(role && { role }),
    figures: [],
    loads: [],
  }));
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
