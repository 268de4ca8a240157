/** Turns figures into Markdown. */
import type { Row } from "./contest.js";
import type { Machine } from "./machine.js";
import { REFERENCE } from "./peer.js";
import type { Grid, Table } from "./section.js";
import { median } from "./statistics.js";

/** Everything a run found out. */
export interface Results {
  readonly title: string;
  readonly machine: Machine;
  readonly rounds: number;
  readonly load: { readonly start: number; readonly end: number };
  readonly tables: readonly (Table | Grid)[];
}

export function report({ title, machine, rounds, load, tables }: Results): string {
  const { node, platform, cpu, cores, versions } = machine;
  return [
    `# ${title}`,
    "",
    `- Node ${node}, ${platform}, ${cpu}, ${cores} cores`,
    `- Load average (1 min): ${load.start.toFixed(2)} at the start, ${load.end.toFixed(2)} at the end`,
    `- ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}`,
    `- Median (min..max) of ${rounds} interleaved rounds; the last column is the figure divided by that of manyhands`,
    "- `others`: the share of all cores that other programs took meanwhile; beyond a few per cent, compare with care",
    ...tables.flatMap((table) => [
      "",
      `## ${table.title}`,
      "",
      ...("lines" in table ? formatGrid(table) : formatTable(table)),
    ]),
    "",
  ].join("\n");
}

function formatTable({ unit, better, notes, rows, extra, usesProcesses = false }: Table): string[] {
  const reference = rows.find(({ peer }) => peer.startsWith(REFERENCE))?.figures ?? [];
  const headings = [
    "peer",
    `${unit} (${better} is better)`,
    "min..max",
    ...(extra ? [extra.heading] : []),
    ...(usesProcesses ? [] : ["others"]),
    `× ${REFERENCE}`,
  ];
  const lines = rows.map((row) => {
    const { peer, figures } = row;
    if (figures.length === 0) return toLine([peer, ...headings.slice(1).map(() => "—")]);
    const figure = median(figures);
    return toLine([
      peer,
      formatNumber(figure),
      `${formatNumber(Math.min(...figures))}..${formatNumber(Math.max(...figures))}`,
      ...(extra ? [extra.cell(row)] : []),
      ...(usesProcesses ? [] : [formatOthers(row)]),
      reference.length === 0 ? "—" : (figure / median(reference)).toPrecision(3),
    ]);
  });
  const failures = rows.filter(({ failure }) => failure !== undefined);
  return [
    ...notes.flatMap((note) => [note, ""]),
    toLine(headings),
    toLine(["---", ...headings.slice(1).map(() => "---:")]),
    ...lines,
    ...failures.flatMap(({ peer, failure }) => ["", `${peer} failed: ${failure}`]),
  ];
}

function formatGrid({ notes, headings, lines }: Grid): string[] {
  return [
    ...notes.flatMap((note) => [note, ""]),
    toLine(headings),
    toLine(headings.map((_, index) => (index === 0 ? "---" : "---:"))),
    ...lines.map(toLine),
  ];
}

function formatOthers({ loads }: Row): string {
  const others = loads.reduce((sum, load) => sum + load.others, 0);
  const capacity = loads.reduce((sum, load) => sum + load.capacity, 0);
  return `${((100 * others) / capacity).toFixed(0)} %`;
}

function toLine(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

export function formatNumber(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
