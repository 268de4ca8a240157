/** How many workers of one kind the nodes have room for, whoever has it now. */
import type { NodeView } from "../members/members.js";
import type { Need } from "../members/need.js";

/** What is looked for. */
export interface Wanted extends Need {
  /** The name of the definition. */
  readonly name: string;
}

/** Of those that need no room at all, as many as there are processors. */
export function roomFor(wanted: Wanted, nodes: readonly NodeView[]): number {
  return nodes
    .filter((node) => !node.draining && Object.hasOwn(node.definitions, wanted.name))
    .reduce((sum, node) => sum + roomOn(wanted, node), 0);
}

function roomOn({ cpus, memory, resources }: Wanted, node: NodeView): number {
  const kinds: [needed: number, there: number][] = [
    [cpus, node.cpus],
    [memory, node.memory],
    ...Object.entries(resources).map(([name, needed]): [number, number] => [needed, node.resources[name] ?? 0]),
  ];
  const fits = kinds.filter(([needed]) => needed > 0).map(([needed, there]) => Math.floor(there / needed + ROUNDING));
  return fits.length > 0 ? Math.min(...fits) : Math.floor(node.cpus);
}

/** Of fractions. */
const ROUNDING = 1e-9;
