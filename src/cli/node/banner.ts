/** What a node says when it is ready: who it is, what room it gives, what it runs. */
import { hidePassword, type ResolvedBroker } from "../../config/broker.js";
import type { Definition } from "../../definitions/definition.js";
import type { NodeFacts } from "../../distributed/members/members.js";
import { showAmount } from "../../distributed/members/need.js";
import { oneLine, truncate } from "../../progress/display-width.js";
import { CYAN, coloured } from "../../progress/theme.js";

const WIDTH = 80;
const LABEL = 10;

export interface BannerFacts {
  readonly facts: NodeFacts;
  readonly broker: ResolvedBroker;
  readonly definitions: Iterable<Definition>;
  /** Of this library. */
  readonly version: string;
}

/** Several lines of at most 80 columns, with an empty one after them. */
export function banner({ facts, broker, definitions, version }: BannerFacts, isColoured: boolean): string {
  const { name, id, cpus, memory, resources, queues } = facts;
  const room = [
    showAmount("cpus", cpus * 1000),
    showAmount("memory", memory),
    ...Object.entries(resources).map(([resource, amount]) => `${amount} ${resource}`),
  ];
  const row = (label: string, text: string): string =>
    `  ${coloured(label.padEnd(LABEL), CYAN, isColoured)}${cut(text, WIDTH - LABEL - 2)}`;
  const all = [...definitions].sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    "",
    `  ${cut(`manyhands ${version} on ${name} (Node.js ${process.version.slice(1)}, pid ${process.pid})`, WIDTH - 2)}`,
    "",
    row("node", id),
    row("broker", String(hidePassword(broker.url))),
    row("", `prefix ${broker.prefix}, lease ${broker.lease / 1000} s`),
    row("room", room.join(", ")),
    row("queues", queues.join(", ") || "none"),
    "",
    ...section(
      "tasks",
      all.filter(({ kind }) => kind === "task"),
      isColoured,
    ),
    ...section(
      "workers",
      all.filter(({ kind }) => kind === "worker"),
      isColoured,
    ),
    "",
  ].join("\n");
}

function section(title: string, definitions: readonly Definition[], isColoured: boolean): string[] {
  if (definitions.length === 0) return [];
  const width = Math.min(Math.max(...definitions.map(({ name }) => name.length)), 40);
  return [
    coloured(`[${title}]`, CYAN, isColoured),
    ...definitions.map(({ name, version }) => cut(`  . ${name.padEnd(width)}  ${version}`, WIDTH)),
    "",
  ];
}

function cut(text: string, width: number): string {
  return truncate(oneLine(text), width, "…");
}
