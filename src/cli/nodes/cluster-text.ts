/** What `manyhands nodes` shows. */
import type { NodeView, WaitingView } from "../../distributed/members/members.js";
import { type Need, neededAmounts, showAmount, showQuantity } from "../../distributed/members/need.js";
import { oneLine } from "../../progress/display-width.js";
import { CYAN, coloured } from "../../progress/theme.js";
import { age } from "../age.js";
import { type Column, table, type TableSettings } from "../table.js";
import { wrap } from "../wrap.js";

export interface Cluster {
  readonly nodes: readonly NodeView[];
  readonly waiting: readonly WaitingView[];
  /** In ms since 1970. */
  readonly now: number;
}

export interface ClusterSettings extends TableSettings {
  /** All that is known of each node. */
  readonly isLong: boolean;
}

const WIDTH = 80;
const LABEL = 13;
const COLUMNS: readonly Column[] = [
  { title: "NODE", least: 8 },
  { title: "STATE" },
  { title: "CPUS" },
  { title: "MEMORY" },
  { title: "RESOURCES", least: 7 },
  { title: "WORKERS", least: 7 },
  { title: "VERSION" },
  { title: "NODE.JS" },
  { title: "UP", isRight: true },
];

export function clusterText(cluster: Cluster, settings: ClusterSettings): string {
  const { nodes, waiting, now } = cluster;
  const lines: string[] = [];
  if (nodes.length === 0) lines.push("No node is there: start one with `manyhands node`");
  else if (settings.isLong) for (const node of nodes) lines.push(...block(node, now, settings), "");
  else
    lines.push(
      ...table(
        COLUMNS,
        nodes.map((node) => row(node, now)),
        settings,
      ),
    );
  if (!settings.isLong && nodes.length > 0) lines.push("");
  lines.push(...(waiting.length > 0 ? waitingLines(waiting, settings) : nodes.length > 0 ? [total(nodes)] : []));
  return `${lines.join("\n").trimEnd()}\n`;
}

function row(node: NodeView, now: number): string[] {
  const { name, free, workers, version, startedAt } = node;
  return [
    name,
    state(node),
    `${rounded(node.cpus - free.cpus)}/${node.cpus}`,
    usedMemory(node),
    usedResources(node).join(", "),
    tally(workers.map((worker) => worker.name)),
    version,
    node.node.replace(/^v/, ""),
    age(now - startedAt),
  ];
}

/** Label and text, a line each. */
function block(node: NodeView, now: number, { isColoured }: ClusterSettings): string[] {
  const { id, host, pid, free, queues, definitions, workers, leaseLeft } = node;
  const rows: [label: string, texts: string[]][] = [
    ["id", [id]],
    ["process", [`${pid} on ${host}, up ${age(now - node.startedAt)}`]],
    ["lease", [leaseLeft > 0 ? `${(leaseLeft / 1000).toFixed(1)} s left` : "ended: it is silent"]],
    ["versions", [`manyhands ${node.version}, Node.js ${node.node.replace(/^v/, "")}, format ${node.format}`]],
    ["cpus", [`${rounded(node.cpus - free.cpus)} of ${node.cpus} taken`]],
    ["memory", [`${usedMemory(node)} taken`]],
    ["resources", usedResources(node)],
    ["queues", [queues.join(", ")]],
    ["definitions", Object.entries(definitions).map(([name, version]) => `${name} ${version}`)],
    [
      "workers",
      workers
        .toSorted(byName)
        .map(({ id: worker, name, owner, need }) => `${name} ${worker}: ${needText(need)}, of ${owner}`),
    ],
  ];
  return [
    coloured(oneLine(`${node.name} ${state(node)}`.trimEnd()), CYAN, isColoured),
    ...rows.flatMap(([label, texts]) =>
      texts.map((text, index) => `  ${(index === 0 ? label : "").padEnd(LABEL)}${oneLine(text)}`.trimEnd()),
    ),
  ];
}

function byName(a: NodeView["workers"][number], b: NodeView["workers"][number]): number {
  return a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1);
}

function state({ draining, leaseLeft }: NodeView): string {
  if (leaseLeft <= 0) return "silent";
  return draining ? "stopping" : "";
}

function usedMemory({ memory, free }: NodeView): string {
  const used = memory - free.memory;
  return `${used === 0 ? 0 : showQuantity("memory", used)}/${showQuantity("memory", memory)}`;
}

function usedResources({ resources, free }: NodeView): string[] {
  return Object.entries(resources).map(
    ([name, amount]) => `${name} ${rounded(amount - (free.resources[name] ?? 0))}/${amount}`,
  );
}

/** As in `Hasher 3, Resizer`. */
function tally(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names.toSorted()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Array.from(counts, ([name, count]) => (count === 1 ? name : `${name} ${count}`)).join(", ");
}

function needText(need: Need): string {
  const amounts = Object.entries(neededAmounts(need)).map(([kind, amount]) => showAmount(kind, amount));
  return amounts.length === 0 ? "no room" : amounts.join(", ");
}

function total(nodes: readonly NodeView[]): string {
  const cpus = nodes.reduce((sum, node) => sum + node.cpus, 0);
  const free = nodes.reduce((sum, node) => sum + node.free.cpus, 0);
  const workers = nodes.reduce((sum, node) => sum + node.workers.length, 0);
  return `${plural(nodes.length, "node")}, ${plural(workers, "worker")}, ${rounded(free)} of ${rounded(cpus)} cpus free`;
}

function waitingLines(waiting: readonly WaitingView[], { width = WIDTH, isColoured }: ClusterSettings): string[] {
  const lines = waiting.flatMap(({ name, need, count, missing }) =>
    wrap(oneLine(`${count} of ${name} (${needText(need)}${count > 1 ? " each" : ""}): ${missing.text}`), width - 4).map(
      (line, index) => (index === 0 ? "  " : "    ") + line,
    ),
  );
  return [coloured("Workers that wait", CYAN, isColoured), ...lines];
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
