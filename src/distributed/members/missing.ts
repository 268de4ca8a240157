/** Why no node takes a worker, in words: from what the script counted while it looked at all of them. */
import { resourceOf, showAmount, showQuantity } from "./need.js";
import type { Shape } from "./shape.js";

/** Why a worker waits. */
export interface Missing {
  readonly reason: "no-nodes" | "no-definition" | "version" | "format" | "too-large" | "full";
  /** Stands after `waits as `. */
  readonly text: string;
}

/** What the script counted. Each node counts once: as the first that holds of it. */
export interface Survey {
  /** Nodes that were silent for longer than their lease and may be dead. */
  readonly silent: number;
  /** Nodes that take no more workers. */
  readonly stopping: number;
  /** Nodes with another format of messages, by format. */
  readonly formats: Readonly<Record<string, number>>;
  /** Nodes that do not know the name. */
  readonly unknown: number;
  /** Nodes with another version of it, by version. */
  readonly versions: Readonly<Record<string, number>>;
  /** Nodes that could run it if they had room. */
  readonly usable: number;
  /** Those of them that would have room were they empty. */
  readonly roomy: number;
  /** Over the usable nodes, by kind that is needed. */
  readonly kinds: Readonly<
    Record<string, { readonly total: number; readonly free: number; readonly most: number; readonly mostFree: number }>
  >;
}

/** Says what is missing. */
export function describeMissing([name, version, format, need]: Shape, survey: Survey): Missing {
  const otherFormats = sum(survey.formats);
  const otherVersions = sum(survey.versions);
  const present = otherFormats + survey.unknown + otherVersions + survey.usable;
  if (present === 0) return { reason: "no-nodes", text: nobody(survey) };
  if (survey.usable > 0) {
    const others = otherVersions > 0 ? `; ${nodes(otherVersions, "have", "has")} another version of '${name}'` : "";
    const isTooLarge = survey.roomy === 0;
    return {
      reason: isTooLarge ? "too-large" : "full",
      text: (isTooLarge ? tooLarge(need, survey) : full(need, survey)) + others,
    };
  }
  if (otherVersions > 0) {
    const theirs = Object.keys(survey.versions).toSorted().join(" and ");
    const text =
      `${nodes(otherVersions, "have", "has")} another version of '${name}' (${theirs}, here ${version}): ` +
      "start nodes with the same code, or give the definition a 'version'";
    return { reason: "version", text };
  }
  if (survey.unknown > 0) {
    const text = `${noneOf(survey.unknown)} '${name}': start one with the module that defines it`;
    return { reason: "no-definition", text };
  }
  const theirs = Object.keys(survey.formats).toSorted().join(" and ");
  const text =
    `${nodes(otherFormats, "speak", "speaks")} another format of messages (${theirs}, here ${format}): ` +
    "install the same version of manyhands on all";
  return { reason: "format", text };
}

function nobody({ silent, stopping }: Survey): string {
  const away = [
    ...(stopping > 0 ? [`${stopping} ${stopping === 1 ? "is" : "are"} stopping`] : []),
    ...(silent > 0 ? [`${silent} ${silent === 1 ? "is" : "are"} silent`] : []),
  ];
  const but = away.length > 0 ? ` (${away.join(", ")})` : "";
  return `no node is there${but}: start one with \`manyhands node\``;
}

function tooLarge(need: Shape[3], { kinds, usable }: Survey): string {
  const lacking = Object.entries(need).filter(([kind, amount]) => kinds[kind]!.most < amount);
  if (lacking.length === 0) return `it needs ${list(need)} and no node has them together, even empty`;
  const parts = lacking.map(([kind, amount]) => {
    const resource = resourceOf(kind);
    const { most } = kinds[kind]!;
    if (resource !== undefined && most === 0) return `no node has the resource '${resource}'`;
    const theirs = usable === 1 ? "the only node has" : "no node has more than";
    return `it needs ${showAmount(kind, amount)} and ${theirs} ${showQuantity(kind, most)}`;
  });
  return parts.join(", ");
}

function full(need: Shape[3], { kinds, usable }: Survey): string {
  const lacking = Object.entries(need).filter(([kind, amount]) => kinds[kind]!.mostFree < amount);
  if (lacking.length === 0) return `it needs ${list(need)} and no node has them free together`;
  const parts = lacking.map(([kind, amount]) => {
    const { free, total, mostFree } = kinds[kind]!;
    const quantity = showQuantity(kind, free);
    const here = `${quantity} of ${showQuantity(kind, total)} ${quantity === "1" ? "is" : "are"} free on ${nodes(usable)}`;
    const spread = free >= amount ? `, at most ${showQuantity(kind, mostFree)} on one of them` : "";
    return `it needs ${showAmount(kind, amount)} and ${here}${spread}`;
  });
  return parts.join(", ");
}

function list(need: Shape[3]): string {
  return Object.entries(need)
    .map(([kind, amount]) => showAmount(kind, amount))
    .join(" and ");
}

function noneOf(count: number): string {
  return count === 1 ? "the only node does not know" : `none of the ${count} nodes knows`;
}

/** `2 nodes have`, `1 node has`; without verbs `2 nodes`, `1 node`. */
function nodes(count: number, many = "", one = ""): string {
  return `${count} ${count === 1 ? "node" : "nodes"} ${count === 1 ? one : many}`.trimEnd();
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
