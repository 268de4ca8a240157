import type { ModelAnswer } from "../provider.js";

/**
 * Keeps answers by the key of their request: 64 hexadecimal digits, of the provider's name, the model and the request. Where
 * two servers call different models by one name, each needs a cache of its own.
 */
export interface AnswerCache {
  get(key: string): ModelAnswer | undefined | Promise<ModelAnswer | undefined>;
  set(key: string, answer: ModelAnswer): unknown;
}

const CAPACITY = 10_000;

/** Keeps the answers that were used last, in memory. */
export class MemoryCache implements AnswerCache {
  /** In the order of their last use. */
  readonly #answers = new Map<string, ModelAnswer>();

  get(key: string): ModelAnswer | undefined {
    const answer = this.#answers.get(key);
    if (answer) this.set(key, answer);
    return answer;
  }

  set(key: string, answer: ModelAnswer): void {
    this.#answers.delete(key);
    this.#answers.set(key, answer);
    if (this.#answers.size <= CAPACITY) return;
    const [oldest] = this.#answers.keys();
    this.#answers.delete(oldest!);
  }
}
