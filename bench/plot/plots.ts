/** Which plots there are, and of which tables. */
import type { Row } from "../contest.js";
import type { Results } from "../report.js";
import type { Sweep, Table } from "../section.js";
import { barChart, type Panel } from "./bars.js";
import { lineChart } from "./lines.js";

interface BarPlot {
  readonly title: string;
  readonly scale: Panel["scale"];
  readonly tables: readonly string[];
}

const BARS: Readonly<Record<string, BarPlot>> = {
  "throughput-threads": {
    title: "Calls per second on two threads, 1,000 in flight",
    scale: "log",
    tables: ["thread-noop", "thread-object", "thread-text"],
  },
  "throughput-processes": {
    title: "Calls per second on two processes, 1,000 in flight",
    scale: "log",
    tables: ["process-noop", "process-object"],
  },
  serial: { title: "Time of one call at a time", scale: "linear", tables: ["serial", "process-serial"] },
  start: { title: "Time to the first result", scale: "linear", tables: ["thread-start", "process-start"] },
  memory: { title: "Memory of an idle worker", scale: "linear", tables: ["thread-memory", "process-memory"] },
};

const LINES: Readonly<Record<string, string>> = { sweep: "Calls per second by calls in flight" };

/** SVG by name; those whose tables are missing are left out. */
export function drawPlots({ tables }: Pick<Results, "tables">): Map<string, string> {
  const plots = new Map<string, string>();
  const find = (id: string): Table | Sweep | undefined =>
    tables.find((table): table is Table | Sweep => "id" in table && table.id === id);
  for (const [name, { title, scale, tables: ids }] of Object.entries(BARS)) {
    const panels = ids.flatMap((id): Panel[] => {
      const table = find(id);
      if (!table || !("rows" in table) || !table.rows.some(hasFigures)) return [];
      return [{ title: table.title, unit: table.unit, rows: table.rows, scale }];
    });
    if (panels.length > 0) plots.set(name, barChart(title, panels));
  }
  for (const [name, title] of Object.entries(LINES)) {
    const table = find(name);
    if (table && "columns" in table) plots.set(name, lineChart(title, table));
  }
  return plots;
}

function hasFigures({ figures }: Row): boolean {
  return figures.length > 0;
}
