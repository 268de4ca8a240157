/** What a worker takes of a node, and how it is counted: in whole numbers, so that fractions add up exactly. */

/** What a worker takes of its node. */
export interface Need {
  /** Processors; fractions are fine. */
  readonly cpus: number;
  /** In bytes. */
  readonly memory: number;
  /** Named resources, such as `{ gpu: 1 }`; fractions are fine. */
  readonly resources: Readonly<Record<string, number>>;
}

/**
 * The same in whole numbers by kind: `cpus` in thousandths, `memory` in bytes, `resource:<name>` in thousandths. Kinds of
 * which nothing is needed are left out.
 */
export type Amounts = Readonly<Record<string, number>>;

const RESOURCE = "resource:";
/** What a sum of fractions may be off, in thousandths, before it counts. */
const ROUNDING = 1e-6;

/** What is taken: rounded up. */
export function neededAmounts(need: Need): Amounts {
  return amounts(need, (value) => Math.ceil(value - ROUNDING));
}

/** What is there: rounded down. */
export function givenAmounts(room: Need): Amounts {
  return amounts(room, (value) => Math.floor(value + ROUNDING));
}

function amounts(need: Need, round: (value: number) => number): Amounts {
  const kinds: [string, number][] = [
    ["cpus", round(need.cpus * 1000)],
    ["memory", round(need.memory)],
    ...Object.entries(need.resources).map(([name, value]): [string, number] => [RESOURCE + name, round(value * 1000)]),
  ];
  return Object.fromEntries(kinds.filter(([, amount]) => amount > 0).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** What the amounts stand for. */
export function needOf(amounts: Amounts): Need {
  const resources = Object.entries(amounts).filter(([kind]) => kind.startsWith(RESOURCE));
  return {
    cpus: (amounts.cpus ?? 0) / 1000,
    memory: amounts.memory ?? 0,
    resources: Object.fromEntries(resources.map(([kind, amount]) => [kind.slice(RESOURCE.length), amount / 1000])),
  };
}

/** Such as `1 cpu`, `0.5 cpus`, `512 MB of memory`, `2 'gpu'`. */
export function showAmount(kind: string, amount: number): string {
  if (kind === "cpus") return amount === 1000 ? "1 cpu" : `${amount / 1000} cpus`;
  if (kind === "memory") return `${showBytes(amount)} of memory`;
  return `${amount / 1000} '${kind.slice(RESOURCE.length)}'`;
}

/** The number alone: `0.5`, `512 MB`. */
export function showQuantity(kind: string, amount: number): string {
  return kind === "memory" ? showBytes(amount) : String(amount / 1000);
}

/** The name of a resource, unless it is cpus or memory. */
export function resourceOf(kind: string): string | undefined {
  return kind.startsWith(RESOURCE) ? kind.slice(RESOURCE.length) : undefined;
}

const UNITS = ["bytes", "KB", "MB", "GB", "TB"];

function showBytes(bytes: number): string {
  const unit = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1);
  const value = Math.round((bytes / 1024 ** unit) * 10) / 10;
  return `${value} ${value === 1 && unit === 0 ? "byte" : UNITS[unit]}`;
}
