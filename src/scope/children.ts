/**
 * The children of a group, so many at once, first come, first served.
 *
 * Owns those that wait, and how many run. What becomes of one that ends is its group's business.
 *
 * A place is free when the function of a child has settled, not when the child was cancelled.
 */
import { CancelledError } from "../errors.js";
import { WaitingRoom } from "../waiting/waiting-room.js";
import { Child, type ChildFunction, type ChildOwner } from "./child.js";
import { runInScope } from "./current-scope.js";

/** The outcome of a function that threw. */
export interface Thrown {
  readonly error: unknown;
}

/** Who owns children: a group. */
export interface ChildrenOwner extends ChildOwner {
  /** The function of a child has settled. */
  ended(child: Child, thrown: Thrown | undefined, value: unknown): void;
}

export class Children {
  readonly #owner: ChildrenOwner;
  readonly #concurrency: number;
  readonly #waiting = new WaitingRoom<Child>();
  #spawned = 0;
  #running = 0;

  constructor(owner: ChildrenOwner, concurrency: number) {
    this.#owner = owner;
    this.#concurrency = concurrency;
  }

  /** Those whose function runs. */
  get running(): number {
    return this.#running;
  }

  /** Those that wait for a place. */
  get waiting(): number {
    return this.#waiting.size;
  }

  spawn(fn: ChildFunction<unknown>, name: string | undefined): Child {
    this.#spawned += 1;
    const child = new Child(this.#owner, this.#spawned, fn, name);
    if (this.#running < this.#concurrency) {
      this.#begin(child);
      this.#run(child);
    } else {
      this.#waiting.add(child);
      // By a promise, it runs in the context of who spawned it, and not of the child whose place it takes.
      void new Promise<void>((resolve) => (child.wake = resolve)).then(() => this.#run(child));
    }
    return child;
  }

  cancel(child: Child, reason: unknown): void {
    const why = reason ?? new CancelledError(`'${child.name}' of the group '${this.#owner.name}' was cancelled`);
    if (child.waitsIn) {
      child.waitsIn.delete(child);
      child.finish("cancelled", why);
    } else {
      child.abort(why);
    }
  }

  /** Takes out those that wait: they never begin. */
  takeWaiting(): Child[] {
    return this.#waiting.takeAll();
  }

  /** One has ended. */
  freePlace(): void {
    this.#running -= 1;
  }

  /** Those that run do not count any more. */
  forgetRunning(): void {
    this.#running = 0;
  }

  /** Begins those for which there is a place. */
  beginWaiting(): void {
    while (this.#running < this.#concurrency) {
      const child = this.#waiting.take();
      if (!child) return;
      this.#begin(child);
      child.wake!();
    }
  }

  #begin(child: Child): void {
    this.#running += 1;
    child.began();
  }

  #run(child: Child): void {
    if (child.cancellation) {
      // Since it was given its place.
      this.#owner.ended(child, { error: child.cancellation.reason }, undefined);
      return;
    }
    void runInScope(child, () => child.run()).then(
      (value) => this.#owner.ended(child, undefined, value),
      (error: unknown) => this.#owner.ended(child, { error }, undefined),
    );
  }
}
