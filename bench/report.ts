/** Turns figures into Markdown. */
import { judge, rowAgainst, type Verdict } from "./compare.js";
import type { Row } from "./contest.js";
import type { Machine } from "./machine.js";
import { REFERENCE } from "./peer.js";
import { type Bar, BEST_PEER, type Finding, type Grid, type Sweep, type Table } from "./section.js";
import { median } from "./statistics.js";

/** Everything a run found out. */
export interface Results {
  readonly title: string;
  readonly machine: Machine;
  readonly rounds: number;
  /** The part of the usual work that a figure is worth, where it is not all of it. */
  readonly effort?: number;
  readonly load: { readonly start: number; readonly end: number };
  readonly tables: readonly Finding[];
}

const NOTHING = "—";
/** What others took is known to some 10 ms: in less time than this, too little is. */
const TOLD_FROM_MS = 500;

export function report(results: Results): string {
  const { title, tables } = results;
  const verdicts = judge(tables);
  return [
    `# ${title}`,
    "",
    ...describeRun(results),
    ...(verdicts.length > 0 ? ["", "## What has to hold", "", ...formatVerdicts(verdicts)] : []),
    ...tables.flatMap((table) => ["", `## ${table.title}`, "", ...formatFinding(table)]),
    "",
  ].join("\n");
}

/** What was measured on what, and how, as a list. */
export function describeRun({ machine, rounds, effort = 1, load }: Results): string[] {
  const { node, platform, cpu, cores, versions } = machine;
  return [
    `- Node ${node}, ${platform}, ${cpu}, ${cores} cores`,
    `- Load average (1 min): ${load.start.toFixed(2)} at the start, ${load.end.toFixed(2)} at the end`,
    `- ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}`,
    `- Median (min..max) of ${rounds} interleaved rounds; the last column is the figure divided by that of the row named at its head`,
    "- `others`: the share of all cores that other programs took meanwhile; beyond a few per cent, compare with care",
    ...(effort < 1
      ? [`- A quick run, with ${(100 * effort).toFixed(0)} % of the usual work: for a first look only`]
      : []),
  ];
}

export function formatFinding(finding: Finding): string[] {
  const lines =
    "lines" in finding ? formatGrid(finding) : "columns" in finding ? formatSweep(finding) : formatTable(finding);
  return [...finding.notes.flatMap((note) => [note, ""]), ...lines];
}

function formatTable(table: Table): string[] {
  const { unit, better, rows, extra, usesProcesses = false, against = REFERENCE } = table;
  const reference =
    against === REFERENCE ? rows.find(({ peer }) => peer.startsWith(REFERENCE)) : against && rowAgainst(table, against);
  const referenceFigures = (reference && reference.figures) || [];
  const headings = [
    rows.some(({ role = "peer" }) => role === "peer") ? "peer" : "",
    `${unit} (${better} is better)`,
    "min..max",
    ...(extra ? [extra.heading] : []),
    ...(usesProcesses ? [] : ["others"]),
    ...(against === false
      ? []
      : [against === BEST_PEER && reference ? `× ${against}, ${reference.peer}` : `× ${against}`]),
  ];
  const lines = rows.map((row) => {
    const { peer, figures } = row;
    if (figures.length === 0) return [peer, ...headings.slice(1).map(() => NOTHING)];
    const figure = median(figures);
    return [
      peer,
      formatNumber(figure),
      `${formatNumber(Math.min(...figures))}..${formatNumber(Math.max(...figures))}`,
      ...(extra ? [extra.cell(row)] : []),
      ...(usesProcesses ? [] : [formatOthers(row)]),
      ...(against === false
        ? []
        : [referenceFigures.length > 0 ? formatRatio(figure / median(referenceFigures)) : NOTHING]),
    ];
  });
  return [...formatLines(headings, lines), ...formatFailures(rows)];
}

/** Medians alone; the last line divides ours by the best peer's. */
function formatSweep(sweep: Sweep): string[] {
  const { columns, unit, better, heading } = sweep;
  const rows = columns[0]?.rows ?? [];
  const lines = rows.map(({ peer }) => [
    peer,
    ...columns.map((column) => {
      const figures = column.rows.find((row) => row.peer === peer)?.figures ?? [];
      return figures.length === 0 ? NOTHING : formatNumber(median(figures));
    }),
  ]);
  const ratios = columns.map((column) => {
    const [verdict] = judge([{ ...sweep, columns: [column] }]);
    return verdict ? `${formatRatio(verdict.value)} (${verdict.against})` : NOTHING;
  });
  return [
    ...formatLines(
      [`${unit} (${better} is better), ${heading}`, ...columns.map(({ label }) => label)],
      [...lines, [`${REFERENCE} × best peer`, ...ratios]],
    ),
    ...formatFailures(rows),
  ];
}

function formatGrid({ headings, lines }: Grid): string[] {
  return formatLines(headings, lines);
}

/** The bars of all tables, each with what was reached. */
export function formatVerdicts(verdicts: readonly Verdict[]): string[] {
  return formatLines(
    ["what", "measured", "has to be", "held"],
    verdicts.map((verdict) => [
      verdict.row === REFERENCE ? verdict.table : `${verdict.table}: ${verdict.row}`,
      formatValue(verdict),
      formatBar(verdict.bar),
      verdict.isMet ? "yes" : "**no**",
    ]),
  );
}

function formatValue({ value, unit, against }: Verdict): string {
  if (Number.isNaN(value)) return "not measured";
  if (unit === "×") return `${formatRatio(value)} × ${against}`;
  return `${formatNumber(value)} ${unit}${against === undefined ? "" : ` more than ${against}`}`;
}

function formatBar({ atLeast, atMost }: Bar): string {
  return [...(atLeast === undefined ? [] : [`≥ ${atLeast}`]), ...(atMost === undefined ? [] : [`≤ ${atMost}`])].join(
    ", ",
  );
}

function formatLines(headings: readonly string[], lines: readonly (readonly string[])[]): string[] {
  return [
    toLine(headings),
    toLine(headings.map((_, index) => (index === 0 ? "---" : "---:"))),
    ...lines.map((cells) => toLine(cells)),
  ];
}

function formatFailures(rows: readonly Row[]): string[] {
  return rows.flatMap(({ peer, failure }) => (failure === undefined ? [] : ["", `${peer} failed: ${failure}`]));
}

function formatOthers({ loads }: Row): string {
  const others = loads.reduce((sum, load) => sum + load.others, 0);
  const capacity = loads.reduce((sum, load) => sum + load.capacity, 0);
  if (capacity < TOLD_FROM_MS) return NOTHING;
  return `${((100 * others) / capacity).toFixed(0)} %`;
}

function formatRatio(ratio: number): string {
  return ratio.toPrecision(3);
}

function toLine(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

export function formatNumber(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
