/** Says once for each pool that its workers have waited for room for long: not everybody looks at `stats()`. */

const LONG_MS = 10_000;

/** Pools that it was said of. */
const told = new Set<string>();

/** How long one worker has been waiting. */
export class LongWait {
  readonly #pool: string;
  readonly #name: string;
  #since: number | undefined;

  /**
   * @param pool - the id of the pool
   * @param name - of the class of its workers
   */
  constructor(pool: string, name: string) {
    this.#pool = pool;
    this.#name = name;
  }

  /** To be told again and again, as it is with each beat. */
  waits(reason: string, now = performance.now()): void {
    this.#since ??= now;
    if (now - this.#since < LONG_MS || told.has(this.#pool)) return;
    told.add(this.#pool);
    process.emitWarning(`A worker of '${this.#name}' has waited for ${LONG_MS / 1000} s as ${reason}`, {
      type: "DistributedWarning",
      code: "MH_WAITING",
    });
  }
}
