import { RetryValidationError } from "../errors.js";

/** Results of the size of a page are to be no leak where a call is repeated for days. */
const KEPT = 100;

/** What the attempts of one call returned that `until` refused, and why: the last 100. */
export class RetryHistory {
  readonly #results: unknown[] = [];
  readonly #validationErrors: string[] = [];

  add(result: unknown, validationError: string): void {
    this.#results.push(result);
    this.#validationErrors.push(validationError);
    if (this.#results.length <= KEPT) return;
    this.#results.shift();
    this.#validationErrors.shift();
  }

  /**
   * The error of the call as it stands after its last refusal.
   * @param ending - what else there is to say of the attempts
   */
  toError(method: string, attempts: number, ending = ""): RetryValidationError {
    const count = attempts === 1 ? "1 attempt" : `${attempts} attempts`;
    return new RetryValidationError(
      `Cannot return a result of '${method}' as none was acceptable in ${count}${ending}: ${this.#validationErrors.at(-1)}`,
      { attempts, results: [...this.#results], validationErrors: [...this.#validationErrors] },
    );
  }
}
