/**
 * Wakes a thread that waits without an event loop: a counter in shared memory that rises with everything it may wait for.
 *
 * It is read before the last look at what is waited for, so that what comes in between is not slept through.
 */
export class Bell {
  readonly memory: SharedArrayBuffer;
  readonly #count: Int32Array;

  constructor(memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#count = new Int32Array(memory);
  }

  get count(): number {
    return Atomics.load(this.#count, 0);
  }

  ring(): void {
    Atomics.add(this.#count, 0, 1);
    Atomics.notify(this.#count, 0);
  }

  /** Sleeps until it has been rung since `count` was read. */
  wait(count: number): void {
    Atomics.wait(this.#count, 0, count);
  }
}
