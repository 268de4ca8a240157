import { LONGEST_TIMER } from "../config/duration.js";
import type { TaskGroupOptions } from "./group-options.js";

/** When a group is cancelled at the latest. */
export class Expiry {
  /** In ms since the epoch. */
  readonly deadline: number | undefined;
  /** In how many ms the group must see to it itself; what is inherited is seen to by whom it is inherited from. */
  readonly #delay: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TaskGroupOptions, inherited: number | undefined) {
    const { timeout = Number.POSITIVE_INFINITY, deadline = Number.POSITIVE_INFINITY } = options;
    const now = Date.now();
    const own = Math.min(now + timeout, deadline);
    if (own < (inherited ?? Number.POSITIVE_INFINITY)) {
      this.deadline = own;
      this.#delay = Math.min(timeout, deadline - now);
    } else {
      this.deadline = inherited;
    }
  }

  /** Calls `expire` when it is time, with the ms that there were. */
  watch(expire: (timeout: number) => void): void {
    const delay = this.#delay;
    if (delay !== undefined) this.#arm(delay, () => expire(Math.max(0, delay)));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #arm(ms: number, expire: () => void): void {
    if (ms <= 0) expire();
    else if (ms <= LONGEST_TIMER) this.#timer = setTimeout(expire, ms);
    else this.#timer = setTimeout(() => this.#arm(ms - LONGEST_TIMER, expire), LONGEST_TIMER);
  }
}
