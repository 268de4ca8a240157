import type { PoolStats } from "manyhands";
import type { NameCounts } from "./analyser.js";
import type { Comparison } from "./compare.js";
import { count, size, milliseconds, plural, seconds, wrap } from "./text.js";
import type { Totals } from "./totals.js";

const LABEL = 13;
const INDENT = "  ";
const NAMES_SHOWN = 10;
/** Below, the start and end of the pipeline weigh more than the work. */
const LEAST_COMPARED_MS = 500;

/** What became of the files, and how fast. */
export function totalsText(totals: Totals, elapsed: number, columns: number): string {
  const second = elapsed / 1000;
  const lines = [
    labelled("files", count(totals.files)),
    labelled("bytes", count(totals.bytes)),
    labelled("lines", count(totals.lines)),
    labelled("words", count(totals.words)),
    labelled("identifiers", count(totals.identifiers)),
    labelled("skipped", count(totals.skippedCount)),
    ...[...totals.skipped].map(([reason, number]) => `${INDENT.repeat(2)}${count(number)} ${reason}`),
    labelled("failed", count(totals.failedCount)),
  ];
  for (const [reason, { count: number, example }] of totals.failed) {
    lines.push(`${INDENT.repeat(2)}${count(number)} ${reason}`, INDENT.repeat(3) + shorten(example, columns - 6));
  }
  if (totals.cancelled > 0) lines.push(labelled("given up", count(totals.cancelled)));
  lines.push(
    labelled("time", seconds(elapsed)),
    labelled("speed", `${count(totals.seen / second)} files/s, ${size(totals.bytes / second)}/s`),
  );
  return lines.join("\n");
}

interface Column {
  readonly title: string;
  readonly isText?: boolean;
  /** Columns of higher rank go first where it is narrow. */
  readonly rank: number;
  value(stats: PoolStats): string;
}

const COLUMNS: readonly Column[] = [
  { title: "mode", isText: true, rank: 0, value: ({ mode }) => mode },
  { title: "workers", rank: 2, value: ({ workers }) => count(workers.total) },
  { title: "done", rank: 0, value: ({ calls }) => count(calls.done) },
  { title: "rejected", rank: 3, value: ({ calls }) => count(calls.failed) },
  { title: "run p50", rank: 1, value: ({ run }) => milliseconds(run.p50) },
  { title: "run p95", rank: 4, value: ({ run }) => milliseconds(run.p95) },
  { title: "run max", rank: 5, value: ({ run }) => milliseconds(run.max) },
];

/** The statistics of the pools, as a table that fits. */
export function poolsText(pools: Readonly<Record<string, PoolStats>>, columns: number): string {
  for (let rank = 5; rank > 0; rank -= 1) {
    const table = tableOf(pools, rank);
    if (table[0]!.length <= columns) return table.join("\n");
  }
  return tableOf(pools, 0).join("\n");
}

function tableOf(pools: Readonly<Record<string, PoolStats>>, rank: number): string[] {
  const shown = COLUMNS.filter((column) => column.rank <= rank);
  const names = Object.keys(pools);
  const first = Math.max(4, ...names.map(({ length }) => length));
  const cells = shown.map(({ title, isText, value }) => {
    const values = [title, ...Object.values(pools).map(value)];
    const width = Math.max(...values.map(({ length }) => length));
    return values.map((text) => (isText ? text.padEnd(width) : text.padStart(width)));
  });
  return ["pool", ...names].map((name, row) =>
    [INDENT + name.padEnd(first), ...cells.map((column) => column[row]!)].join("  "),
  );
}

/** The names that occur most often in all files. */
export function namesText(workers: readonly NameCounts[], columns: number): string {
  const sums = new Map<string, number>();
  for (const { counts } of workers) {
    for (const [name, number] of counts) sums.set(name, (sums.get(name) ?? 0) + number);
  }
  const top = [...sums].toSorted(([, a], [, b]) => b - a).slice(0, NAMES_SHOWN);
  const parts = top.map(([name, number], index) => `${name} ${count(number)}${index === top.length - 1 ? "" : ","}`);
  const dropped = workers.reduce((sum, worker) => sum + worker.dropped, 0);
  const note = dropped === 0 ? "" : `\n${INDENT}(each up to ${count(dropped)} too low: there are too many names)`;
  return wrap(parts, columns, INDENT) + note;
}

/** How much faster the pools were, and what was measured. */
export function comparisonText({ files, bytes, alone, pooled }: Comparison, columns: number): string {
  const all = `${plural(files, "file")} (${size(bytes)})`;
  if (alone < LEAST_COMPARED_MS) {
    return wrap(`Too little to compare: one by one ${all} took ${milliseconds(alone)}.`.split(" "), columns, INDENT);
  }
  const what = `Both did all of it to the same ${all}, in turn, with file cache and workers warm.`;
  return [
    labelled("one by one", `${seconds(alone)}, ${count(files / (alone / 1000))} files/s`),
    labelled("in the pools", `${seconds(pooled)}, ${count(files / (pooled / 1000))} files/s`),
    labelled("speed-up", `${(alone / pooled).toFixed(2)} ×`),
    wrap(what.split(" "), columns, INDENT),
  ].join("\n");
}

function labelled(label: string, value: string): string {
  return `${INDENT}${label.padEnd(LABEL)}${value}`;
}

/** Keeps the end of a path: the name of the file. */
function shorten(path: string, columns: number): string {
  return path.length <= columns ? path : `…${path.slice(1 - columns)}`;
}
