/**
 * One consumer at a queue, as long as it is there.
 *
 * Owns the count of the items it has and has not finished. Is there from the first item it asks for until it leaves.
 *
 * E1. What it has is finished when it leaves, and it leaves once.
 * E2. A consumer that was dropped without leaving is made to leave when the garbage collector finds it, so that what it had
 *     does not keep `join` waiting for ever.
 */
import type { Loss, QueueCore } from "./queue-core.js";

const dropped = new FinalizationRegistry<Attendance>((attendance) => attendance.leave({ hasFailed: false }));

export class Attendance {
  readonly #core: QueueCore<never>;
  #held = 0;
  #state: "outside" | "inside" | "gone" = "outside";

  constructor(core: QueueCore<never>) {
    this.#core = core;
  }

  get isGone(): boolean {
    return this.#state === "gone";
  }

  /** @param consumer - what may be dropped (E2), if it may; it must not be reachable from here */
  enter(consumer?: object): void {
    if (this.#state !== "outside") return;
    this.#state = "inside";
    this.#core.enter();
    if (consumer) dropped.register(consumer, this, this);
  }

  /** Has one item more. */
  hold(): void {
    this.#held += 1;
  }

  /** Has finished one, if there is one. */
  finish(): void {
    if (this.#held === 0) return;
    this.#held -= 1;
    this.#core.finish();
  }

  /** E1 */
  leave(loss: Loss | undefined): void {
    const wasInside = this.#state === "inside";
    this.#state = "gone";
    while (this.#held > 0) this.finish();
    if (!wasInside) return;
    dropped.unregister(this);
    this.#core.leave(loss);
  }
}
