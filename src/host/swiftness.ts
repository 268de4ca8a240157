/**
 * Knows which methods are swift: so short that several may run, and their replies leave together, without anybody
 * noticing the wait.
 *
 * A call of a method that is not swift begins only when all earlier replies have left; so when a host dies, the caller
 * can tell which calls had begun (`modes/remote-host.ts`).
 */
const SWIFT_BELOW_MS = 0.1;
const SLOW_ABOVE_MS = 0.25;
/** Swift runs in a row that prove a method. */
const PROOF = 4;

export class Swiftness {
  /** For each method, the swift runs in a row so far. */
  readonly #streaks: Uint8Array;
  readonly #onChange: (method: number, isSwift: boolean) => void;

  constructor(methods: number, onChange: (method: number, isSwift: boolean) => void) {
    this.#streaks = new Uint8Array(methods);
    this.#onChange = onChange;
  }

  isSwift(method: number): boolean {
    return this.#streaks[method]! >= PROOF;
  }

  /** Notes how long a call took, in ms. */
  record(method: number, ran: number): void {
    const streak = this.#streaks[method]!;
    if (ran < SWIFT_BELOW_MS) {
      if (streak < PROOF && (this.#streaks[method] = streak + 1) === PROOF) this.#onChange(method, true);
    } else if (ran > SLOW_ABOVE_MS && streak > 0) {
      this.#streaks[method] = 0;
      if (streak >= PROOF) this.#onChange(method, false);
    }
  }
}
