/**
 * What answers have cost, and whether there is money for another request.
 *
 * Owns the totals, and what the requests under way are expected to cost.
 *
 * M1. No request begins while what was spent, with what those under way are expected to cost, has reached `maxCost`. So
 *     the cap is exceeded by at most what estimates err.
 */
import { BudgetExceededError } from "../../errors.js";
import type { Usage } from "../provider.js";
import type { TokenGuess } from "./token-estimate.js";

/** What a million tokens cost, in any currency. */
export interface TokenPrice {
  readonly input: number;
  readonly output: number;
  /** Tokens of the prompt that the server had in its cache. @default the price of `input` */
  readonly cached?: number | undefined;
}

/** Tokens of all answers. */
export interface UsageTotals {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
}

const MILLION = 1_000_000;

export class Spending {
  readonly #price: TokenPrice | undefined;
  readonly #maxCost: number;
  #input = 0;
  #output = 0;
  #cached = 0;
  /** What was spent before, as by an earlier run. */
  #before: number;
  #expected = 0;

  constructor(price: TokenPrice | undefined, maxCost: number | undefined, before = 0) {
    this.#price = price;
    this.#maxCost = maxCost ?? Number.POSITIVE_INFINITY;
    this.#before = before;
  }

  get usage(): UsageTotals {
    return { input: this.#input, output: this.#output, cached: this.#cached };
  }

  /** Of these answers; `undefined` without prices. */
  get cost(): number | undefined {
    return this.#price && this.#costOf(this.usage);
  }

  /**
   * Puts aside what a request is expected to cost; returns what ends that.
   * @throws {BudgetExceededError} when there is no money for it (M1)
   */
  reserve({ input, output }: TokenGuess): () => void {
    if (!this.#price) return () => {};
    const spent = this.#before + this.cost!;
    if (spent + this.#expected >= this.#maxCost) {
      throw new BudgetExceededError(
        `Cannot ask for more as the answers so far cost ${money(spent)}, and those under way are expected to cost ` +
          `${money(this.#expected)} more, of 'maxCost' ${money(this.#maxCost)}`,
        spent,
      );
    }
    const cost = this.#costOf({ input, output, cached: 0 });
    this.#expected += cost;
    return () => {
      this.#expected = Math.max(0, this.#expected - cost);
    };
  }

  add({ input, output, cached = 0 }: Usage): void {
    this.#input += input;
    this.#output += output;
    this.#cached += cached;
  }

  #costOf({ input, output, cached }: UsageTotals): number {
    const price = this.#price!;
    const own = Math.min(cached, input);
    return ((input - own) * price.input + own * (price.cached ?? price.input) + output * price.output) / MILLION;
  }
}

function money(value: number): string {
  return String(Number(value.toPrecision(4)));
}
