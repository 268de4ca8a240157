/**
 * The places for what runs at once, and those whose calls have ended.
 *
 * A pool tells of the end of a call in the midst of other things, thousands of times in a row, and no code of a user must
 * run there: so who uses the places is woken, once for all that ended together, in the context in which it waits.
 */
import { keepShape } from "../config/keep-shape.js";
import { Place, type PlaceOwner } from "./place.js";

export class Places<T> implements PlaceOwner<T> {
  readonly #all: Place<T>[] = [];
  /** Those with nothing in them. */
  readonly #free: Place<T>[] = [];
  /** Those whose calls have ended and were not looked at, in the order in which they ended. */
  readonly #ended: Place<T>[] = [];
  #wake: (() => void) | undefined;
  readonly #hold = (resolve: () => void): void => {
    this.#wake = resolve;
  };

  static {
    keepShape(new Places());
  }

  /** A place with an item in it, and no call. */
  take(item: T, index: number): Place<T> {
    let place = this.#free.pop();
    if (place === undefined) this.#all.push((place = new Place<T>(this)));
    place.item = item;
    place.index = index;
    return place;
  }

  leave(place: Place<T>): void {
    place.clear();
    this.#free.push(place);
  }

  ended(place: Place<T>): void {
    this.#ended.push(place);
    this.wake();
  }

  /** Waits until a call has ended, or `wake` is called. */
  async someEnded(): Promise<void> {
    if (this.#ended.length === 0) await new Promise<void>(this.#hold);
  }

  wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Tells of each whose call has ended, those that end meanwhile included. */
  forEachEnded(look: (place: Place<T>) => void): void {
    for (const place of this.#ended) look(place);
    this.#ended.length = 0;
  }

  /** Cancels the calls in all of them. */
  cancelAll(reason: unknown): void {
    for (const place of this.#all) place.cancel(reason);
  }
}
