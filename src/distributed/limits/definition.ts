/** What a set of limits is made of, as all processes that share it must agree on. */
import { show } from "../../config/show.js";
import { checkLimits } from "../../limits/check-limits.js";
import { CORE, type Limit, type LimitCore } from "../../limits/limit.js";
import { type Rate, type RateAlgorithmName, type RateOptions, resolveRate } from "../../limits/rate.js";
import { rateAlgorithm } from "../../limits/rate-algorithm.js";
import type { LimitFacts } from "../../limits/remote/ticket.js";

/** The numbers of a rate, as the script reads them. */
export type RateNumbers = readonly [
  capacity: number,
  window: number,
  burst: number,
  perMs: number,
  guard: number,
  slack: number,
];

/** One limit, as the script reads it: a rate with its algorithm and the length of its row, or a resource. */
type Entry =
  | readonly [key: string, algorithm: string, size: number, rate: RateNumbers, fallback: number | null]
  | readonly [key: string, kind: "resource", capacity: number];

/** The options of a rate, or `undefined` for a resource. */
type Given = RateOptions | undefined;

export class Definition {
  /** What is compared. */
  readonly text: string;
  readonly facts: readonly LimitFacts[];
  readonly cores: readonly LimitCore[];
  /** Which of them its rates need, each once, in order. */
  readonly algorithms: readonly RateAlgorithmName[];
  readonly #given: readonly Given[];

  /** @throws {TypeError} for what is no limit, or cannot be shared across machines */
  constructor(limits: readonly Limit[]) {
    checkLimits(limits);
    if (limits.length === 0)
      throw new TypeError("Cannot share limits as the list of them is empty: current value is []");
    this.cores = limits.map((limit) => limit[CORE]);
    this.#given = this.cores.map(optionsOf);
    const rates = this.#given.filter((given) => given !== undefined);
    this.algorithms = [...new Set(rates.map(({ algorithm }) => algorithm ?? "sliding-window"))].toSorted();
    this.text = JSON.stringify(this.cores.map((core, index) => entryOf(core, this.#given[index])));
    this.facts = this.cores.map(({ key, fallback, largest, kind }) => ({ key, fallback, largest, kind }));
  }

  /**
   * What the script is told of another capacity.
   * @throws {TypeError | RangeError} for a key that no limit has, or more than one, and for numbers that are not valid
   */
  resized(key: string, capacity: number, window: number | undefined): readonly [index: number, ...number[]] {
    const indexes = this.facts.flatMap((fact, index) => (fact.key === key ? [index] : []));
    const [index] = indexes;
    if (index === undefined || indexes.length > 1) {
      const why = index === undefined ? "the set has no such limit" : "the set has several limits of that key";
      throw new TypeError(`Cannot resize ${show(key)} as ${why}: it has ${listOf(this.facts)}`);
    }
    const given = this.#given[index];
    if (!given && window !== undefined) {
      throw new TypeError(`Cannot resize '${key}' as a resource has no window: current value is ${show(window)}`);
    }
    const { fallback } = this.facts[index]!;
    const rate = resolveRate({ ...(given ?? { window: 1 }), capacity, ...(window !== undefined && { window }) });
    if (fallback !== undefined && capacity < fallback) {
      throw new RangeError(
        `Cannot set the capacity of '${key}' as a request that does not say takes ${fallback}: current value is ${capacity}`,
      );
    }
    return given ? [index + 1, ...numbersOf(rate)] : [index + 1, capacity];
  }
}

/** What a rate was made with, which its ticket has; nothing for a resource. */
function optionsOf(core: LimitCore): Given {
  if (core.kind === "resource") return undefined;
  const ticket = core.ticket();
  if (!ticket) {
    throw new TypeError(
      `Cannot share '${core.key}' across machines as it is an AdaptiveLimit, which follows what one process sees: ` +
        "use a CallLimit, RateLimit or ResourceLimit",
    );
  }
  const { capacity, window, algorithm, burst, guard } = ticket.options as RateOptions;
  return { capacity, window, algorithm, burst, guard };
}

function entryOf(core: LimitCore, given: Given): Entry {
  if (!given) return [core.key, "resource", core.largest];
  const rate = resolveRate(given);
  const { name, size } = rateAlgorithm(given.algorithm ?? "sliding-window");
  return [core.key, name, size(rate), numbersOf(rate), core.fallback ?? null];
}

function numbersOf({ capacity, window, burst, perMs, guard, slack }: Rate): RateNumbers {
  return [capacity, window, burst, perMs, guard, slack];
}

function listOf(facts: readonly LimitFacts[]): string {
  return facts.map(({ key }) => `'${key}'`).join(", ");
}

/** A definition as a message shows it. */
export function describeDefinition(text: string): string {
  const entries = JSON.parse(text) as readonly Entry[];
  return entries
    .map((entry) => {
      if (entry[1] === "resource") return `${entry[2]} '${entry[0]}'`;
      const [key, algorithm, , [capacity, window, burst, , guard]] = entry as Extract<Entry, { length: 5 }>;
      return `${capacity} '${key}' in ${window} ms (${algorithm}, burst ${burst}, guard ${guard})`;
    })
    .join(", ");
}
