/** How the starts of one worker went: how long to wait before the next, and what its calls are told when it is hopeless. */
import { BrokerUnavailableError, type CrashDetails, WorkerCrashedError, WorkerStartError } from "../errors.js";
import { describeDeath } from "./describe-death.js";

/** How many starts in a row may end in the worker's death before its calls are told. */
const STARTS = 3;

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

export class Starts {
  readonly #name: string;
  #failures = 0;

  /** @param name - of the worker class, for messages */
  constructor(name: string) {
    this.#name = name;
  }

  /** Whether the last start failed. */
  get hasFailed(): boolean {
    return this.#failures > 0;
  }

  /** The pause before the next start, in ms: doubled after each failure. */
  get pause(): number {
    return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - 1));
  }

  /** The worker served a call. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** Its module or its constructor threw, or it was not ready in time. */
  threw(cause: unknown): WorkerStartError {
    this.#failures += 1;
    const detail = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    return new WorkerStartError(`Cannot start a worker of '${this.#name}': ${detail}`, { cause });
  }

  /** It died before it served anything; `undefined` as long as another start may help. */
  died(details: CrashDetails, cause: unknown): WorkerStartError | undefined {
    // Whoever has waited for the broker for so long need not do it again.
    if (cause instanceof BrokerUnavailableError) return this.threw(cause);
    // What befell its place says nothing of the worker.
    if (details.reason === "node-lost" || details.reason === "disconnected") return undefined;
    this.#failures += 1;
    if (this.#failures < STARTS) return undefined;
    const message =
      `Cannot start a worker of '${this.#name}' as it died at each of ${this.#failures} starts: ` +
      `the last one ${describeDeath(details, cause)}`;
    const crash = new WorkerCrashedError(`The worker ${describeDeath(details, cause)}`, details, { cause });
    return new WorkerStartError(message, { cause: crash });
  }
}
