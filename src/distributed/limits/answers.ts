/** What a process asks of the script in one step, and what it is told. */

/** The numbers of limits are those of their place in the set, from 1 on. */
export interface StepAsks {
  /** Number, for how many ms it has waited already, less its priority, whether its call holds something; then amounts. */
  readonly requests: readonly (readonly number[])[];
  /** The same without waiting: number, whether its call holds something, amounts. */
  readonly tries: readonly (readonly number[])[];
  /** Requests whose grants are known here, and have begun. */
  readonly confirmed: readonly number[];
  /** When it was taken, then what of that begins now. */
  readonly began: readonly (readonly number[])[];
  /** What this holder has of each limit. */
  readonly held: readonly number[];
  /** When it was taken, then by how much more, or less. */
  readonly settled: readonly (readonly number[])[];
  /** Requests that wait no more. */
  readonly left: readonly number[];
  /** Limit, what remains by what a server says, and for how long in ms, or -1. */
  readonly caps: readonly (readonly number[])[];
  /** In ms. */
  readonly pause: number;
  readonly resizes: readonly (readonly number[])[];
  /** Which sizes are known here. */
  readonly sizes: number;
  readonly wantsStats: boolean;
  /** Whether this holder will not be heard of again for a while. */
  readonly isLast: boolean;
}

/** A request that was granted: its number, and when it was taken, by the clock of the set. */
export type Granted = readonly [id: number, takenAt: number];

export interface StepStats {
  /** Capacity, and what of it is in use. */
  readonly limits: readonly (readonly [capacity: number, inUse: number])[];
  readonly waiting: number;
  readonly granted: number;
  readonly pausedFor: number;
}

export interface StepAnswer {
  /** Somebody who is there has defined the set like this. */
  readonly differs?: string;
  /** Nothing was known of this holder: what it had asked for before is forgotten. */
  readonly isNew: boolean;
  /** All that was not confirmed. */
  readonly granted: readonly Granted[];
  /** In how many ms to look again where something waits; -1: when told. */
  readonly wake: number;
  /** Which sizes these are. */
  readonly version: number;
  /** The most of each limit that can be taken, where that has changed. */
  readonly sizes?: readonly number[];
  readonly stats?: StepStats;
}

/** What a holder is told by others. */
export interface Notice {
  readonly holder: string;
  readonly granted: readonly Granted[];
  readonly wake: number;
  /** Whether the sizes have changed. */
  readonly sizes: boolean;
}
