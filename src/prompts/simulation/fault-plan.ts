import { draw } from "./random.js";
import type { SimulatedFault } from "./simulation-options.js";

/** Prompts whose attempts are counted; the oldest is forgotten for one more. */
const MOST_REMEMBERED = 1_000_000;
const WHETHER = 101;
const WHICH = 202;
const WHERE = 303;

/** What goes wrong, and where in the answer, from 0 up to 1. */
export interface Fault {
  readonly kind: SimulatedFault;
  readonly at: number;
}

/**
 * Draws what goes wrong with a request, for its prompt and the how-manieth attempt at it this is: so it happens again with
 * the same seed, in whatever order prompts come, and a retry is a new draw.
 */
export class FaultPlan {
  readonly #share: number;
  readonly #kinds: readonly SimulatedFault[];
  readonly #attempts = new Map<number, number>();

  constructor(share: number, kinds: readonly SimulatedFault[]) {
    this.#share = share;
    this.#kinds = kinds;
  }

  /** @param hash - of the prompt, with the seed in it */
  next(hash: number): Fault | undefined {
    if (this.#share === 0) return undefined;
    const attempt = (this.#attempts.get(hash) ?? 0) + 1;
    // Counted anew, it is the youngest.
    this.#attempts.delete(hash);
    this.#attempts.set(hash, attempt);
    if (this.#attempts.size > MOST_REMEMBERED) this.#attempts.delete(this.#attempts.keys().next().value!);
    const drawFor = (what: number): number => draw(hash, attempt * 1000 + what);
    if (drawFor(WHETHER) >= this.#share) return undefined;
    return { kind: this.#kinds[Math.floor(drawFor(WHICH) * this.#kinds.length)]!, at: drawFor(WHERE) };
  }
}
