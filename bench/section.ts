import type { ContestOptions, Row } from "./contest.js";

/** A table of figures, one row for each peer. */
export interface Table {
  readonly title: string;
  readonly unit: string;
  readonly better: "lower" | "higher";
  /** What a reader must know to judge the figures. */
  readonly notes: readonly string[];
  readonly rows: readonly Row[];
  /** A column beside the usual ones, of what has figures. */
  readonly extra?: { readonly heading: string; cell(row: Row): string };
  /** Whether the work is done by processes: theirs cannot be told from other programs' use of the machine. */
  readonly usesProcesses?: boolean;
}

/** A table of another kind: several figures in each line, measured once. */
export interface Grid {
  readonly title: string;
  readonly notes: readonly string[];
  readonly headings: readonly string[];
  readonly lines: readonly (readonly string[])[];
}

/** What a section runs with. */
export interface SectionContext extends ContestOptions {
  /** The peers that were asked for. */
  select<P extends { readonly name: string }>(peers: readonly P[]): readonly P[];
}

/** A group of tables that is asked for by name. */
export interface Section {
  readonly name: string;
  run(context: SectionContext): Promise<(Table | Grid)[]>;
}
