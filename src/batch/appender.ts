/**
 * Appends lines to a file or a stream.
 *
 * Owns the lines that were not written yet, and the one write that is under way. Does not own what a line says, nor when
 * to stop.
 *
 * A1. One write is under way at most; lines that come meanwhile go together in the next one.
 * A2. A line is written once and whole. When a write fails, the target is cut back to the last whole line, and nothing is
 *     written after it.
 * A3. What waits is bounded by whoever asks `isFull` before it begins something new: `onRoom` tells when to go on.
 */
import { callSafely } from "../config/call-safely.js";

/** Characters that may wait before `isFull`. */
const FULL = 4 * 1024 * 1024;
/** Characters that go into one write: a batch that has got far ahead of a slow disk must not need them all twice. */
const LARGEST_WRITE = 1024 * 1024;

/** Where lines go. */
export interface LineTarget {
  /** How many lines have been written so far. */
  readonly written: number;
  /** Writes so many whole lines; rejects when not all of them could be. */
  write(lines: string, count: number): Promise<void>;
  /** Everything that was written is on the disk when it resolves, where there is a disk. */
  close(): Promise<void>;
}

/** What an appender tells its owner. */
export interface AppenderEvents {
  /** There is room again, after `isFull`. */
  onRoom(): void;
  /** A write failed: nothing more is written. */
  onFailure(error: unknown): void;
}

/** Lines that go into one write. */
interface Batch {
  lines: string;
  count: number;
}

export class Appender {
  readonly #target: LineTarget;
  readonly #events: AppenderEvents;
  /** Full batches, before the one that is being filled. */
  readonly #full: Batch[] = [];
  #open: Batch = { lines: "", count: 0 };
  #waiting = 0;
  #wasFull = false;
  #writing: Promise<void> | undefined;
  #isScheduled = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(target: LineTarget, events: AppenderEvents) {
    this.#target = target;
    this.#events = events;
  }

  /** How many lines have been written so far. */
  get written(): number {
    return this.#target.written;
  }

  /** Whether so much waits that nothing new should be begun (A3). */
  get isFull(): boolean {
    if (this.#waiting < FULL) return false;
    this.#wasFull = true;
    return true;
  }

  /** Takes a line, with its line break. */
  append(line: string): void {
    if (this.#failure) return;
    const batch = this.#open;
    batch.lines += line;
    batch.count += 1;
    this.#waiting += line.length;
    if (batch.lines.length >= LARGEST_WRITE) {
      this.#full.push(batch);
      this.#open = { lines: "", count: 0 };
    }
    if (this.#writing || this.#isScheduled) return;
    // Lines of one turn go together.
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#writing ??= this.#writeAll();
    });
  }

  /** Writes what waits and closes the target; rejects with what a write failed with. */
  async close(): Promise<void> {
    this.#writing ??= this.#writeAll();
    await this.#writing;
    try {
      await this.#target.close();
    } catch (error) {
      this.#failure ??= { error };
    }
    if (this.#failure) throw this.#failure.error;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting > 0 && !this.#failure) {
      const batch = this.#full.shift() ?? this.#open;
      if (batch === this.#open) this.#open = { lines: "", count: 0 };
      try {
        await this.#target.write(batch.lines, batch.count);
      } catch (error) {
        this.#failure = { error };
        this.#waiting = 0;
        this.#full.length = 0;
        callSafely((reason) => this.#events.onFailure(reason), error);
        break;
      }
      this.#waiting -= batch.lines.length;
      if (this.#wasFull && this.#waiting < FULL / 2) {
        this.#wasFull = false;
        callSafely(() => this.#events.onRoom(), undefined);
      }
    }
    this.#writing = undefined;
  }
}
