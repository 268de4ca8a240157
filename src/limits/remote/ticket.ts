/** What a worker in another thread or process gets of limits: enough to check requests, and, in a thread, to help itself. */
import type { LimitCore, LimitTicket } from "../limit.js";
import type { LimitPoolBalancing } from "../limit-source.js";

/** One limit as a worker elsewhere knows it. */
export interface LimitFacts {
  readonly key: string;
  readonly fallback: number | undefined;
  /** As the owner last told. */
  largest: number;
  readonly kind: LimitCore["kind"];
}

/** One set. */
export interface SetTicket {
  readonly facts: readonly LimitFacts[];
  readonly config: unknown;
  /** For each limit, what it takes to read and write its numbers; `undefined` when the owner must be asked. */
  readonly shared: readonly LimitTicket[] | undefined;
}

/** All sets of a source. */
export interface LimitsTicket {
  readonly sets: readonly SetTicket[];
  readonly loadBalancing: LimitPoolBalancing;
  /** The set that is asked first. */
  readonly first: number;
}

/** A ticket, and the way to take it back. */
export interface IssuedTicket {
  readonly ticket: LimitsTicket;
  /** The worker is gone, and with it whoever held something by this ticket; `thread` is what it wrote into locks. */
  withdraw(thread: number | undefined): void;
  /** Gives back what was held by these rows of a set, which a worker inside that one had. */
  abandon(set: number, rows: readonly number[]): void;
}

/** What a ticket is issued of. */
export interface Issuer {
  readonly cores: readonly LimitCore[];
  readonly config: unknown;
  /** Others may take something now. */
  poke(): void;
}

export function issueTicket(
  sets: readonly Issuer[],
  loadBalancing: LimitPoolBalancing,
  first: number,
  isThread: boolean,
): IssuedTicket {
  const issued = sets.map((set) => ({ set, shared: isThread ? shareAll(set.cores) : undefined }));
  return {
    ticket: {
      sets: issued.map(({ set, shared }) => ({
        facts: set.cores.map(({ key, fallback, largest, kind }) => ({ key, fallback, largest, kind })),
        config: set.config,
        shared,
      })),
      loadBalancing,
      first,
    },
    withdraw: (thread) => {
      for (const { set, shared } of issued) {
        if (!shared) continue;
        if (thread !== undefined) for (const { memory } of set.cores) memory.breakLock(thread);
        abandonRows(
          set,
          shared.map(({ row }) => row),
        );
      }
    },
    abandon: (index, rows) => abandonRows(sets[index]!, rows),
  };
}

function abandonRows(set: Issuer, rows: readonly number[]): void {
  for (const [index, core] of set.cores.entries()) abandon(core, rows[index]!);
  set.poke();
}

/**
 * All or none: a worker that cannot see one of the limits cannot take from any. Nor from a set without any, as there is
 * nothing in which it could see a pause.
 */
function shareAll(cores: readonly LimitCore[]): LimitTicket[] | undefined {
  if (cores.length === 0) return undefined;
  const tickets: LimitTicket[] = [];
  for (const core of cores) {
    const ticket = core.ticket();
    if (!ticket) {
      for (const [index, made] of tickets.entries()) abandon(cores[index]!, made.row);
      return undefined;
    }
    tickets.push(ticket);
  }
  return tickets;
}

function abandon(core: LimitCore, row: number): void {
  core.memory.lock();
  core.abandonRow(row);
  core.memory.unlock();
}
