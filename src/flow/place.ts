/** One of the places for what runs at once, used for one call after the other. */
import { keepShape } from "../config/keep-shape.js";
import { type Future, peek, subscribe } from "../future/future.js";
import type { MadeCall, MakeCall } from "../pool/callables.js";
import type { OutcomeTaker } from "../pool/call.js";

/** Whose places they are. */
export interface PlaceOwner<T> {
  /** The call in the place has ended. Of one that had when it was put there, it is not told. */
  ended(place: Place<T>): void;
}

export class Place<T> implements OutcomeTaker {
  readonly #owner: PlaceOwner<T>;
  item: T | undefined = undefined;
  index = 0;
  /** Whether there is a call in it that has not ended. */
  isBusy = false;
  isFailed = false;
  /** What the call ended with. */
  outcome: unknown = undefined;
  /** Known once it is made. */
  #call: MadeCall | undefined = undefined;

  static {
    keepShape(new Place({ ended: () => {} }));
  }

  constructor(owner: PlaceOwner<T>) {
    this.#owner = owner;
  }

  /** Makes a call here. */
  call(make: MakeCall, argument: unknown): void {
    this.isBusy = true;
    const call = make([argument], this);
    if (this.isBusy) this.#call = call;
  }

  /** Waits for a call that was made elsewhere. */
  take(future: Future<unknown>): void {
    this.isBusy = true;
    subscribe(future, () => {
      const settled = peek(future)!;
      this.ended(settled.status, settled.status === "done" ? settled.value : settled.error);
    });
    if (this.isBusy) this.#call = future;
  }

  ended(status: "done" | "failed" | "cancelled", outcome: unknown): void {
    this.isBusy = false;
    this.isFailed = status !== "done";
    this.outcome = outcome;
    const isMade = this.#call !== undefined;
    this.#call = undefined;
    if (isMade) this.#owner.ended(this);
  }

  cancel(reason: unknown): void {
    this.#call?.cancel(reason);
  }

  /** Whoever keeps the place need not keep what was in it. */
  clear(): void {
    this.item = this.outcome = undefined;
  }
}
