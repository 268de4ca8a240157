import type { ContestOptions, Row } from "./contest.js";

/** Stands for the best of the rows whose role is `"peer"`. */
export const BEST_PEER = "best peer";

/** What a figure has to be. */
export interface Bar {
  /** Whose figure. Default: that of `REFERENCE`. */
  readonly row?: string;
  /** What it is divided by: a row's figure or the best peer's. Default: nothing, it counts as it is. */
  readonly against?: string;
  /** What is taken away from it instead: another row's figure. */
  readonly minus?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** A table of figures, one row for each peer. */
export interface Table {
  /** By which the documentation finds it. */
  readonly id?: string;
  readonly title: string;
  readonly unit: string;
  readonly better: "lower" | "higher";
  /** What a reader must know to judge the figures. */
  readonly notes: readonly string[];
  readonly rows: readonly Row[];
  /** A column beside the usual ones, of what has figures. */
  readonly extra?: { readonly heading: string; cell(row: Row): string };
  /** Whether there is nothing to say about other programs' use of the machine. */
  readonly usesProcesses?: boolean;
  /** What the last column divides by: a row's figure, the best peer's, or nothing. Default: that of `REFERENCE`. */
  readonly against?: string | false;
  readonly bars?: readonly Bar[];
}

/** The same measured under several circumstances: a table in which each has a column. */
export interface Sweep {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly better: "lower" | "higher";
  readonly notes: readonly string[];
  /** What differs between the columns, as in `"in flight"`. */
  readonly heading: string;
  readonly columns: readonly { readonly label: string; readonly rows: readonly Row[] }[];
  /** Lower bounds; each must hold in every column. */
  readonly bars?: readonly Bar[];
}

/** A table of another kind: several figures in each line, measured once. */
export interface Grid {
  readonly title: string;
  readonly notes: readonly string[];
  readonly headings: readonly string[];
  readonly lines: readonly (readonly string[])[];
}

/** What a section finds out. */
export type Finding = Table | Sweep | Grid;

/** What a section runs with. */
export interface SectionContext extends ContestOptions {
  /** How much of the usual work a figure is worth: 1, or less where the run is to be quick. */
  readonly effort: number;
  /** The peers that were asked for. */
  select<P extends { readonly name: string }>(peers: readonly P[]): readonly P[];
}

/** A group of tables that is asked for by name. */
export interface Section {
  readonly name: string;
  run(context: SectionContext): Promise<Finding[]>;
}
