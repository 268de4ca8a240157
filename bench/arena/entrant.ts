/**
 * A peer in a process of its own: no library's garbage, optimizations or promise hooks are another's.
 *
 * Owns the process, which sleeps while others are measured, and ends it. One request at a time.
 *
 * E1 A request that fails leaves the process as it is; one that takes too long ends it.
 * E2 Once the process has ended, all requests fail, with the reason.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { type Contestant, contest, type ContestOptions, type Row } from "../contest.js";
import type { RateOptions } from "../drive.js";
import { type Peer, REFERENCE } from "../peer.js";
import type { Kind } from "../peers/roster.js";
import { within } from "../within.js";
import type { MeasureName, MeasureOptions } from "./measures.js";
import type { Reply, Request } from "./program.js";

/** How long opening or closing a pool may take, in ms. */
const OPEN_WITHIN_MS = 60_000;
/** How long one figure may take, in ms. */
const MEASURE_WITHIN_MS = 100_000;

/** The row of calls made by `map`. */
const MAPPED = `${REFERENCE}, map`;

/** A peer that takes part in a section, or the reason why it does not. */
export class Entrant {
  readonly #peer: Peer;
  readonly #child: ChildProcess;
  #failure: string | undefined;

  constructor(kind: Kind, peer: Peer) {
    this.#peer = peer;
    this.#child = fork(new URL("./program.js", import.meta.url), [kind, peer.name], {
      execArgv: ["--expose-gc"],
      // What peers print is not part of the report.
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#child.once("exit", (code, signal) => {
      this.#failure ??= `Cannot measure ${peer.name} as its process has ended: ${signal ?? code}`;
    });
  }

  get name(): string {
    return this.#peer.name;
  }

  /** Makes the pool. */
  async open(workers: number): Promise<void> {
    try {
      await this.#ask(OPEN_WITHIN_MS, { type: "open", workers });
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * What can be measured of it in a contest.
   * @param name - by which it takes part. Default: that of the peer
   */
  contestant<M extends MeasureName>(measure: M, options: MeasureOptions<M>, name = this.name): Contestant {
    const { role } = this.#peer;
    return { name, role, measure: () => this.#ask(MEASURE_WITHIN_MS, { type: "measure", measure, options }) };
  }

  async close(): Promise<void> {
    if (this.#failure === undefined) {
      const exited = once(this.#child, "exit");
      this.#child.disconnect();
      await within(OPEN_WITHIN_MS, `close ${this.name}`, exited).catch(() => {});
    }
    this.#child.kill("SIGKILL");
  }

  async #ask(ms: number, request: Request): Promise<number> {
    if (this.#failure !== undefined) throw new Error(this.#failure);
    const abandoned = new AbortController();
    const { signal } = abandoned;
    const ended = async (): Promise<never> => {
      await once(this.#child, "exit", { signal });
      throw new Error(this.#failure);
    };
    const replied = async (): Promise<Reply> => {
      const [reply] = (await once(this.#child, "message", { signal })) as [Reply];
      return reply;
    };
    this.#child.send(request);
    const answer = Promise.race([replied(), ended()]);
    let reply: Reply;
    try {
      reply = await within(ms, `${request.type} ${this.name}`, answer);
    } catch (error) {
      this.#fail(error);
      throw error;
    } finally {
      abandoned.abort();
    }
    if ("error" in reply) throw new Error(reply.error);
    return reply.figure;
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error.message : String(error);
    this.#child.kill("SIGKILL");
  }
}

/** Opens the peers, lets `use` have them, and closes them. */
export async function withEntrants<T>(
  kind: Kind,
  peers: readonly Peer[],
  workers: number | ((peer: Peer) => number),
  use: (entrants: readonly Entrant[]) => Promise<T>,
): Promise<T> {
  const entrants = peers.map((peer) => new Entrant(kind, peer));
  try {
    for (const [index, entrant] of entrants.entries()) {
      await entrant.open(typeof workers === "number" ? workers : workers(peers[index]!));
    }
    return await use(entrants);
  } finally {
    for (const entrant of entrants) await entrant.close();
  }
}

/** Measures how many calls each entrant makes, and how many ours makes when the items are mapped. */
export function measureRates(
  entrants: readonly Entrant[],
  [calls, mapped]: readonly [MeasureName, MeasureName],
  options: RateOptions,
  context: ContestOptions,
): Promise<Row[]> {
  const contestants = entrants.flatMap((entrant) => {
    const awaited = entrant.contestant(calls, options as never);
    return entrant.name === REFERENCE ? [awaited, entrant.contestant(mapped, options as never, MAPPED)] : [awaited];
  });
  return contest(contestants, context);
}

/** Measures the same of all entrants, round by round. */
export function measureAll<M extends MeasureName>(
  entrants: readonly Entrant[],
  measure: M,
  options: MeasureOptions<M>,
  context: ContestOptions,
): Promise<Row[]> {
  return contest(
    entrants.map((entrant) => entrant.contestant(measure, options)),
    context,
  );
}
