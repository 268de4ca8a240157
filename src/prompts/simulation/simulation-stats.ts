import type { KeyCounts } from "./account.js";

/** How it goes with a simulated model. */
export interface SimulationStats {
  /** Requests to the model that came, refused ones included. */
  readonly requests: number;
  /** Answers that were given whole. */
  readonly answered: number;
  readonly inFlight: number;
  readonly mostInFlight: number;
  /** Responses by status; a connection that breaks before any has none. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Requests whose client went away before it had its answer. */
  readonly aborted: number;
  /** Requests that a fault was drawn for. */
  readonly faults: number;
  /** Of whole answers. */
  readonly tokens: { readonly input: number; readonly output: number };
  /** By the keys of the option `keys`; others are not kept. */
  readonly byKey: Readonly<Record<string, Readonly<KeyCounts>>>;
}
