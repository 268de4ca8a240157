/**
 * How many requests an account takes at once, where it refuses those above a number that it does not tell.
 *
 * Owns the limit of requests under way, from 1 to what was given.
 *
 * C1. Refused, there are as many as the server had when it refused; not less than a quarter at once, as it may have refused
 *     for something else.
 * C2. It grows by one while all goes well, up to what was refused; beyond that it tries again after a while, which doubles
 *     each time that it is in vain, and then goes back by that one.
 */
import { ResourceLimit } from "../../limits/resource-limit.js";

const LEAST_SHARE = 0.25;
const ROUNDS = 2;
/** In ms. */
const FIRST_WAIT = 2000;
const LONGEST_WAIT = 60_000;

export class Crowd {
  readonly limit: ResourceLimit;
  readonly #most: number;
  readonly #now: () => number;
  #size: number;
  /** Not below this, while it is refused again and again for the same reason. */
  #least = 1;
  /** So many were too many. */
  #tooMany = Number.POSITIVE_INFINITY;
  /** Answers since so many are there again. */
  #passed = 0;
  #triesAt = 0;
  #wait = FIRST_WAIT;

  constructor(most: number, now: () => number) {
    this.#most = most;
    this.#size = most;
    this.#now = now;
    this.limit = new ResourceLimit({ key: "concurrency", capacity: most });
  }

  /**
   * @param others - requests that the server had besides
   * @param isAnew - whether none was refused a moment ago
   * @returns whether it was but one too many, that was tried (C2): nobody else needs to wait
   */
  refused(others: number, isAnew: boolean): boolean {
    const wasTried = isAnew && this.#size >= this.#tooMany;
    if (isAnew) {
      this.#wait = wasTried ? Math.min(this.#wait * 2, LONGEST_WAIT) : FIRST_WAIT;
      this.#least = Math.max(1, wasTried ? Math.floor(this.#size) - 1 : Math.ceil(this.#size * LEAST_SHARE));
    }
    const size = Math.max(others, this.#least);
    this.#passed = 0;
    if (size >= this.#size) return false;
    this.#tooMany = size + 1;
    this.#triesAt = this.#now() + this.#wait;
    this.#resize(size);
    return wasTried;
  }

  /** @param inFlight - requests that the server had, the one that it answered included */
  succeeded(inFlight: number): void {
    // A limit that is not used says nothing about what the server could do.
    if (this.#size >= this.#most || inFlight * 2 < this.#size) return;
    // Answers to those that were there before say nothing of the one more.
    if (inFlight >= this.#tooMany && ++this.#passed > ROUNDS * inFlight) this.#tooMany = Number.POSITIVE_INFINITY;
    if (this.#size >= this.#tooMany) return;
    const size = Math.min(this.#most, this.#size + 1 / this.#size);
    if (size < this.#tooMany || this.#now() >= this.#triesAt) this.#resize(size);
  }

  #resize(size: number): void {
    const before = Math.floor(this.#size);
    this.#size = size;
    if (Math.floor(size) !== before) this.limit.resize(Math.floor(size));
  }
}
