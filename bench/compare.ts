/** Holds figures against each other, and against what they have to be. */
import type { Row } from "./contest.js";
import { REFERENCE } from "./peer.js";
import { type Bar, BEST_PEER, type Finding, type Table } from "./section.js";
import { median } from "./statistics.js";

/** How a bar was met. */
export interface Verdict {
  readonly table: string;
  readonly bar: Bar;
  /** Whose figure, and what it was divided by, with the name of the best peer. */
  readonly row: string;
  readonly against: string | undefined;
  /** In the unit of the table where it was divided by nothing; `NaN` where there is none. */
  readonly value: number;
  readonly unit: string;
  readonly isMet: boolean;
}

type Judged = Pick<Table, "better" | "unit" | "bars" | "rows">;

/** The row that others are divided by, if it has figures. */
export function rowAgainst({ better, rows }: Pick<Judged, "better" | "rows">, against: string): Row | undefined {
  const candidates = rows.filter((row) => row.figures.length > 0 && standsFor(row, against));
  const sign = better === "higher" ? -1 : 1;
  return candidates.toSorted((a, b) => sign * (median(a.figures) - median(b.figures)))[0];
}

function standsFor({ peer, role }: Row, against: string): boolean {
  return against === BEST_PEER ? role === "peer" : peer === against;
}

/** Of all bars of what was found that could be judged; of a sweep, where it came off worst. */
export function judge(findings: readonly Finding[]): Verdict[] {
  return findings.flatMap((finding) => {
    if ("lines" in finding) return [];
    if (!("columns" in finding)) return verdicts(finding.title, finding);
    const { title, columns, heading, bars = [] } = finding;
    const all = columns.flatMap((column) =>
      verdicts(`${title}, worst: ${column.label} ${heading}`, { ...finding, rows: column.rows }),
    );
    return bars.flatMap((bar) => all.filter((one) => one.bar === bar).toSorted((a, b) => a.value - b.value)[0] ?? []);
  });
}

function verdicts(table: string, judged: Judged): Verdict[] {
  const { rows, unit, bars = [] } = judged;
  return bars.flatMap((bar): Verdict[] => {
    const row = rows.find(({ peer }) => peer === (bar.row ?? REFERENCE));
    const wanted = bar.against ?? bar.minus;
    // What took no part is not judged; what took part and failed has not met its bar.
    if (!row || (wanted !== undefined && !rows.some((one) => standsFor(one, wanted)))) return [];
    const other = wanted === undefined ? undefined : rowAgainst(judged, wanted);
    const isMeasured = row.figures.length > 0 && (wanted === undefined || other !== undefined);
    const figure = isMeasured ? median(row.figures) : Number.NaN;
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
