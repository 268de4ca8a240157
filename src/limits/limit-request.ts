import type { FairWaiter } from "../waiting/fair-room.js";
import type { HeldGrant } from "./grant.js";
import type { Claim } from "./limit.js";
import { keepShape } from "../config/keep-shape.js";

/** Who asks, and how it is to be treated. */
export interface Requester<C> {
  /** The call that asks, where one does. */
  readonly owner: string | undefined;
  /** As in `Caller`. */
  readonly isHolder?: boolean | undefined;
  /** Since when it waits. Default: now. */
  readonly since?: number | undefined;
  readonly priority?: number | undefined;
  readonly key?: string | undefined;
  /** Told at once when everything was taken. */
  granted(grant: HeldGrant<C>): void;
  /** Told when it will never be granted: it waits no more. */
  failed?(error: unknown): void;
  /** Whether what was granted could be used now; until then others go first. Default: it can. */
  isReady?(): boolean;
  /** Told when it is not ready, and would be served if it were. */
  isWanted?(): void;
}

/** How long a request waits until it weighs as much as a new one with one more point of priority, in ms. */
const AGEING = 1000;

let requests = 0;

/** A request that waits in the queue of a set. */
export class LimitRequest implements FairWaiter, Claim {
  readonly need: readonly number[];
  readonly requester: Requester<unknown>;
  /** Whether the call that asks holds something already. */
  readonly isHolder: boolean;
  readonly order = ++requests;
  readonly rank: number;
  readonly flow: string;
  waitsIn: { delete(call: never): void } | undefined;
  overtaken = 0;
  /** Whether it was granted, or left. */
  isOver = false;
  readonly #onLeave: (request: LimitRequest) => void;

  constructor(
    need: readonly number[],
    requester: Requester<unknown>,
    isHolder: boolean,
    now: number,
    onLeave: (request: LimitRequest) => void,
  ) {
    this.need = need;
    this.requester = requester;
    this.isHolder = isHolder;
    this.rank = (requester.since ?? now) - (requester.priority ?? 0) * AGEING;
    this.flow = requester.key ?? "";
    this.#onLeave = onLeave;
  }

  get sequence(): number {
    return this.order;
  }

  /** Waits no more. */
  leave(): void {
    if (!this.isOver) this.#onLeave(this);
  }
}

keepShape(new LimitRequest([], { owner: undefined, granted: () => {} }, false, 0, () => {}));
