/**
 * What callers and hosts say to each other.
 *
 * A message is a flat array of entries; an entry is a code, then the fields listed at the code. Flat, because structured
 * clone pays for each nested array and each property name. Values stand in it as they are; errors as `WireFailure`.
 */

import type { LimitsTicket } from "../limits/remote/ticket.js";

/** Entries from the caller to a host. */
export const ToHost = {
  /** id, method index, attempt, deadline (epoch ms, 0 for none), read-ahead (0: not a stream), argument count, …arguments */
  call: 1,
  /**
   * id, reason as `WireFailure`, whether the caller takes the call to have begun: abort the signal, and drop the call if it
   * has not begun
   */
  cancel: 2,
  /** id, count: the consumer of a stream took this many items */
  pull: 3,
  /** id: the consumer of a stream wants no more */
  close: 4,
  /** sequence number, method index or -1: answer `pong` */
  ping: 5,
  /** finish what runs, run the worker's disposer, answer `stopped` */
  stop: 6,
  /** as `call`: begin it at once, beside what runs */
  urgentCall: 7,
  /**
   * id, …arguments: a first attempt without deadline or stream, which most calls are. Its code holds the method and the
   * number of arguments too, see `plainHeader`
   */
  plainCall: 8,
  /** a call was meant to stand here and could not be sent: both sides count the calls */
  skipped: 9,
  /** an answer about limits, see `limits/remote/line.ts` */
  limits: 10,
  /**
   * as `call`, of a method with a declared cost; before the arguments: whether it is urgent, the index of the set that it
   * was granted from, what it took of each of its limits
   */
  grantedCall: 11,
  /** when the lease of the node ends, on two clocks, see `host/lease.ts`: no call begins after that */
  lease: 12,
  /** port, memory, bell: serve a caller by a direct line too, see `direct-line.ts`; between threads only */
  line: 13,
} as const;

/** Codes have so many bits; what the code of a plain call holds besides stands above them. */
const CODE_BITS = 4;
const COUNT_BITS = 8;
const METHOD_BITS = 18;

/** Whether a call of this method with so many arguments can be a plain one. */
export function fitsPlain(method: number, count: number): boolean {
  return method < 1 << METHOD_BITS && count < 1 << COUNT_BITS;
}

/** One number for code, method and number of arguments: each field of a message has its price. */
export function plainHeader(method: number, count: number): number {
  return ToHost.plainCall | (count << CODE_BITS) | (method << (CODE_BITS + COUNT_BITS));
}

export function codeOf(header: number): number {
  return header & ((1 << CODE_BITS) - 1);
}

/** The number of arguments of a plain call. */
export function countOf(header: number): number {
  return (header >> CODE_BITS) & ((1 << COUNT_BITS) - 1);
}

/** The method of a plain call. */
export function methodOf(header: number): number {
  return header >> (CODE_BITS + COUNT_BITS);
}

/** Entries from a host to the caller. */
export const ToCaller = {
  /** the worker is constructed and takes calls */
  ready: 1,
  /** failure: loading the module or constructing the worker failed */
  startFailed: 2,
  /** id, run time in ms, value */
  done: 3,
  /** id, run time in ms, failure */
  failed: 4,
  /** id, count, …items of a stream */
  items: 5,
  /** id, done, total (undefined when unknown) */
  progress: 6,
  /** id, argument count, …arguments of `call().log` */
  log: 7,
  /** sequence number, whether the worker called itself healthy */
  pong: 8,
  /** method index, whether calls of it may be begun without sending earlier replies first */
  swift: 9,
  /** bytes of memory that the worker uses */
  memory: 10,
  /** reason, failure: the last words of a worker that is about to die */
  dying: 11,
  /** everything is done and disposed */
  stopped: 12,
  /** a question about limits, see `limits/remote/line.ts` */
  limits: 13,
} as const;

/** What a host needs to construct its worker. */
export interface WorkerBlueprint {
  readonly key: string;
  readonly url: string;
  readonly name: string;
  /** Method names; calls refer to them by index. */
  readonly methods: readonly string[];
  readonly constructorArgs: readonly unknown[];
  readonly concurrency: number;
  /** The id of the pool; ids of calls begin with it. */
  readonly pool: string;
  /** The number of hosts around this one: 1 for a worker of the main program. */
  readonly depth: number;
}

/** Which worker of its pool an instance is. */
export interface WorkerIdentity {
  /** The place in the pool, from 0; a replacement keeps it. */
  readonly index: number;
  /** Unique within the program, new for each replacement. */
  readonly id: string;
  readonly mode: string;
  /** The id of the pool. */
  readonly pool: string;
}

export interface StartMessage {
  readonly blueprint: WorkerBlueprint;
  readonly identity: WorkerIdentity;
  /** Where the host writes, before it begins a call, the how-manieth it is: one 32-bit integer, between threads only. */
  readonly begun?: SharedArrayBuffer;
  /** For how many µs the host may stay awake for the next call, where the caller does not say so from call to call. */
  readonly spin?: number;
  /** The limits of the pool; none where it has none. */
  readonly limits?: LimitsTicket | undefined;
}
