/** Holds figures against each other, and against what they have to be. */
import type { Row } from "./contest.js";
import { REFERENCE } from "./peer.js";
import { type Bar, BEST_PEER, type Finding, type Sweep, type Table } from "./section.js";
import { median } from "./statistics.js";

/** How a bar was met. */
export interface Verdict {
  readonly table: string;
  readonly bar: Bar;
  /** Whose figure, and what it was divided by, with the name of the best peer. */
  readonly row: string;
  readonly against: string | undefined;
  /** In the unit of the table where it was divided by nothing. */
  readonly value: number;
  readonly unit: string;
  readonly isMet: boolean;
}

type Judged = Pick<Table, "better" | "unit" | "bars"> & { readonly rows: readonly Row[] };

/** The row that others are divided by, if it has figures. */
export function rowAgainst({ better, rows }: Pick<Judged, "better" | "rows">, against: string): Row | undefined {
  const measured = rows.filter(({ figures }) => figures.length > 0);
  if (against !== BEST_PEER) {
    return measured.find(({ peer }) => peer === against) ?? measured.find(({ peer }) => peer.startsWith(against));
  }
  const sign = better === "higher" ? -1 : 1;
  const peers = measured.filter(({ role }) => role === "peer");
  return peers.toSorted((a, b) => sign * (median(a.figures) - median(b.figures)))[0];
}

/** Of all bars of what was found that could be judged. */
export function judge(findings: readonly Finding[]): Verdict[] {
  return findings.flatMap((finding) => {
    if ("lines" in finding) return [];
    if (!("columns" in finding)) return verdicts(finding.title, finding);
    const { title, columns, heading } = finding;
    return columns.flatMap((column) => verdicts(`${title}: ${column.label} ${heading}`, columnOf(finding, column)));
  });
}

/** A column of a sweep, as a table of its own. */
export function columnOf({ better, unit, bars = [] }: Sweep, { rows }: Sweep["columns"][number]): Judged {
  return { better, unit, bars, rows };
}

function verdicts(table: string, judged: Judged): Verdict[] {
  const { rows, unit, bars = [] } = judged;
  return bars.flatMap((bar): Verdict[] => {
    const row = rows.find(({ peer }) => peer === (bar.row ?? REFERENCE));
    if (!row || row.figures.length === 0) return [];
    const wanted = bar.against ?? bar.minus;
    const other = wanted === undefined ? undefined : rowAgainst(judged, wanted);
    if (wanted !== undefined && !other) return [];
    const figure = median(row.figures);
    const value = other ? compared(figure, median(other.figures), bar) : figure;
    const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = bar;
    const isMet = atLeast <= value && value <= atMost;
    return [
      { table, bar, row: row.peer, against: other?.peer, value, unit: bar.against === undefined ? unit : "×", isMet },
    ];
  });
}

function compared(figure: number, other: number, { minus }: Bar): number {
  return minus === undefined ? figure / other : figure - other;
}
