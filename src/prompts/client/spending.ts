/**
 * What answers have cost, and whether there is money for another request.
 *
 * Owns the totals, what the requests under way are expected to cost, and who waits to be told what they did cost.
 *
 * M0. A request that was given up after it was sent, or whose answer does not say what it took, has cost what it was
 *     expected to: a server goes on with it, and bills it.
 * M1. No request begins while what was spent, with what those under way are expected to cost, has reached `maxCost`. So
 *     the cap is exceeded by at most the last request and what estimates err.
 * M2. Nobody is refused while requests are under way: they may cost less than expected.
 */
import { onAbort } from "../../config/on-abort.js";
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

/** The request is over. */
export type Settle = (isUnknown: boolean) => void;

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
  #underWay = 0;
  /** Of those that did not say what they took (M0). */
  #supposed = 0;
  readonly #waiting = new Set<() => void>();

  constructor(price: TokenPrice | undefined, maxCost: number | undefined, before = 0) {
    this.#price = price;
    this.#maxCost = maxCost ?? Number.POSITIVE_INFINITY;
    this.#before = before;
  }

  /** Whether any request may have to wait for money. */
  get isCounted(): boolean {
    return this.#price !== undefined;
  }

  get usage(): UsageTotals {
    return { input: this.#input, output: this.#output, cached: this.#cached };
  }

  /** Of these answers, and of what was asked and given up; `undefined` without prices. */
  get cost(): number | undefined {
    return this.#price && this.#costOf(this.usage) + this.#supposed;
  }

  /**
   * Puts aside what a request is expected to cost, once there is money for it; what it returns ends that, and is told
   * whether what it did cost is not known.
   *
   * @throws {BudgetExceededError} when there is none (M1), as a rejection where it had to wait
   */
  reserve(guess: TokenGuess, signal: AbortSignal): Settle | Promise<Settle> {
    if (!this.#price) return () => {};
    return this.#mayBegin() ? this.#hold(guess) : this.#holdLater(guess, signal);
  }

  async #holdLater(guess: TokenGuess, signal: AbortSignal): Promise<Settle> {
    while (!this.#mayBegin()) {
      signal.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const forget = onAbort(signal, (reason) => {
          this.#waiting.delete(goOn);
          reject(reason as Error);
        });
        const goOn = (): void => {
          forget();
          resolve();
        };
        this.#waiting.add(goOn);
      });
    }
    return this.#hold(guess);
  }

  #mayBegin(): boolean {
    const spent = this.#before + this.cost!;
    if (spent + this.#expected < this.#maxCost) return true;
    // M2
    if (this.#underWay > 0) return false;
    throw new BudgetExceededError(
      `Cannot ask for more as the answers so far cost ${money(spent)} of 'maxCost' ${money(this.#maxCost)}`,
      spent,
    );
  }

  #hold({ input, output }: TokenGuess): Settle {
    const cost = this.#costOf({ input, output, cached: 0 });
    this.#expected += cost;
    this.#underWay += 1;
    return (isUnknown) => {
      this.#underWay -= 1;
      if (isUnknown) this.#supposed += cost;
      this.#expected = this.#underWay === 0 ? 0 : this.#expected - cost;
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const goOn of waiting) goOn();
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
