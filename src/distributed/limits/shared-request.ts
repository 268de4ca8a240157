import type { Requester } from "../../limits/limit-request.js";
import { LimitRequest } from "../../limits/limit-request.js";
import type { Waits } from "./patience.js";

/** A request that waits, here or in the queue of all processes. */
export class SharedRequest extends LimitRequest implements Waits {
  readonly since = performance.now();
  readonly #onGiveUp: (request: SharedRequest) => void;

  constructor(
    need: readonly number[],
    requester: Requester<unknown>,
    isHolder: boolean,
    now: number,
    onLeave: (request: SharedRequest) => void,
    onGiveUp: (request: SharedRequest) => void,
  ) {
    super(need, requester, isHolder, now, onLeave as (request: LimitRequest) => void);
    this.#onGiveUp = onGiveUp;
  }

  gaveUp(): void {
    this.#onGiveUp(this);
  }
}
