/**
 * What the answers of an output have taken: tokens, money, and what went wrong most often.
 *
 * Owns the sums, those of earlier runs included, and the second line of the display. Does not own the count of items.
 */
import { scaled } from "../../progress/figures.js";
import { ProgressBar } from "../../progress/progress-bar.js";
import type { ModelFailure } from "../../errors.js";
import type { TokenPrice } from "../client/spending.js";
import type { ModelAnswer, Usage } from "../provider.js";

/** ms between two changes of the text, at least; and at most, as there may be faults and no answers. */
const RARELY = 200;
const OFTEN = 1000;

/** How often attempts failed, by how. */
export type Faults = Readonly<Partial<Record<ModelFailure, number>>>;

export class Tally {
  readonly #price: TokenPrice | undefined;
  /** Those of this run. */
  readonly #faults: () => Faults;
  readonly #paid = new WeakSet<ModelAnswer>();
  #input: number;
  #output: number;
  #cached: number;
  #bar: ProgressBar | undefined;
  #describedAt = 0;

  /** @param before - what the output that is resumed has taken */
  constructor(before: Usage, price: TokenPrice | undefined, faults: () => Faults) {
    this.#input = before.input;
    this.#output = before.output;
    this.#cached = before.cached ?? 0;
    this.#price = price;
    this.#faults = faults;
  }

  get usage(): Required<Usage> {
    return { input: this.#input, output: this.#output, cached: this.#cached };
  }

  /** What it has cost; `undefined` without prices. */
  get cost(): number | undefined {
    if (!this.#price) return undefined;
    const { input, output, cached = input } = this.#price;
    return ((this.#input - this.#cached) * input + this.#cached * cached + this.#output * output) / 1_000_000;
  }

  /** Marks an answer as one that is there already. */
  keep(answer: ModelAnswer): void {
    this.#paid.add(answer);
  }

  /** Counts an answer; returns whether it is one that was there already. */
  add(answer: ModelAnswer): boolean {
    if (this.#paid.has(answer)) return true;
    this.#paid.add(answer);
    if (!answer.usage) return false;
    this.#input += answer.usage.input;
    this.#output += answer.usage.output;
    this.#cached += answer.usage.cached ?? 0;
    this.#show();
    return false;
  }

  /** Shows the sums below a bar; returns what ends that. */
  showBelow(bar: ProgressBar): () => void {
    this.#bar = new ProgressBar<never>({
      parent: bar,
      unit: "tokens",
      initial: this.#input + this.#output,
      description: this.#text(),
      leave: true,
    });
    const timer = setInterval(() => this.#bar?.describe(this.#text()), OFTEN).unref();
    return () => {
      clearInterval(timer);
      this.#bar?.describe(this.#text());
      this.#bar?.succeed();
    };
  }

  #show(): void {
    const bar = this.#bar;
    if (!bar) return;
    bar.moveTo(this.#input + this.#output);
    const now = performance.now();
    if (now - this.#describedAt < RARELY) return;
    this.#describedAt = now;
    bar.describe(this.#text());
  }

  #text(): string {
    const [[fault, times] = []] = Object.entries(this.#faults()).toSorted(([, a], [, b]) => b - a);
    return [
      ...(this.cost === undefined ? [] : [`cost ${money(this.cost)}`]),
      `${scaled(this.#input)} in`,
      `${scaled(this.#output)} out`,
      ...(times === undefined ? [] : [`${scaled(times)} × ${fault === "rate-limit" ? "429" : fault}`]),
    ].join(", ");
  }
}

/** An amount of money, in whatever currency the prices are. */
export function money(amount: number): string {
  return amount >= 100
    ? amount.toFixed(0)
    : amount >= 0.995
      ? amount.toFixed(2)
      : Number(amount.toPrecision(2)).toString();
}
