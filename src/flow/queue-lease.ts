import { staysHome } from "../config/homebound.js";
import { bindWhenRead } from "../config/bind-when-read.js";
import { Attendance } from "./queue-attendance.js";
import type { QueueCore } from "./queue-core.js";

/**
 * An item of a queue that somebody took and has not processed yet. It is processed when the lease is released, which
 * `using` does at the end of its block. One that was dropped unreleased counts as processed once the garbage collector
 * finds it.
 */
export class Lease<T> {
  /** The item. */
  readonly value: T;
  readonly #attendance: Attendance;

  /** Leases are made by queues. */
  constructor(core: QueueCore<T>, value: T) {
    this.value = value;
    this.#attendance = new Attendance(core as QueueCore<never>);
    this.#attendance.enter(this);
    this.#attendance.hold();
  }

  /** Says that the item is processed; again, it does nothing. */
  release(): void {
    this.#attendance.leave(undefined);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  static {
    staysHome(this);
    bindWhenRead(this, "release");
  }
}
