/**
 * Takes items from lines, runs them, and hands on what becomes of them.
 *
 * Owns how many items run, and the end of the run. Does not own the files, nor where an item runs.
 *
 * States: running → stopping (nothing is begun any more) → over.
 *
 * E1. An item is begun only while fewer than `concurrency` run, what waits to be written is not too much, and, in order,
 *     what waits for its turn is not either. So memory does not grow with the input, however slow an item or a disk is.
 * E2. Each item that is begun ends in one way: its line is handed on, its failure is, or, once the run is stopping, neither.
 * E3. An item costs no promise of ours but the one that `then` makes, and none when `run` returns a value: this is a loop
 *     over callbacks, and not a chain of awaits, for the sake of ten million items.
 * E4. The event loop turns at least every 10 ms plus one item, so that signals and timers get through.
 */
import { onAbort } from "../config/on-abort.js";
import { sharedController } from "../config/shared-controller.js";
import type { ByteSource } from "./byte-source.js";
import { errorInOneLine, invalidLine, isStopError } from "./failure-line.js";
import { fileError, isSystemError } from "./file-error.js";
import { InOrder } from "./in-order.js";
import type { LineFormat } from "./line-format.js";
import { LineReader, UnreadableLine } from "./line-reader.js";
import type { DoneSet } from "./done-set.js";

/** How long the loop may hold the event loop, in ms (E4). */
const TURN = 10;
/** How long items may take to let go after their signal has fired, in ms. */
const LET_GO = 2000;

/** What an item is told. */
export interface BatchContext {
  /** The number of its line in the input, from 0 on. */
  readonly index: number;
  /** Fires when the run is ending and will not wait for the item any longer. */
  readonly signal: AbortSignal;
}

/** Where lines go. */
export interface LineSink {
  /** Items that need not be run. */
  readonly done: DoneSet;
  readonly isFull: boolean;
  append(index: number, line: string): void;
  appendFailure(line: string): void;
}

/** What an engine runs with. */
export interface EngineOptions {
  readonly run: (item: unknown, context: BatchContext) => unknown;
  readonly format: LineFormat;
  readonly concurrency: number;
  /** Items that may be begun and not written, for lines in the order of the input; `undefined` for any order. */
  readonly window: number | undefined;
  readonly maxFailures: number;
  readonly maxLineBytes: number;
  readonly grace: number;
  readonly stopOn: ((error: unknown) => boolean) | undefined;
  readonly signal: AbortSignal | undefined;
  /** Called for each item that ended. */
  readonly onEnd: ((outcome: "success" | "failure") => void) | undefined;
}

/** How a run went. */
export interface EngineResult {
  readonly failed: number;
  readonly skipped: number;
  readonly invalid: number;
  /** The first item that failed, in one line. */
  readonly firstFailure: string | undefined;
  /** Why it ended before its time. */
  readonly stopped: { readonly isAbort: boolean; readonly reason: unknown } | undefined;
}

export class Engine {
  readonly #options: EngineOptions;
  readonly #source: ByteSource;
  readonly #sink: LineSink;
  readonly #reader: LineReader;
  readonly #order: InOrder | undefined;
  readonly #controller = sharedController();
  readonly #signal = this.#controller.signal;
  readonly #timers: NodeJS.Timeout[] = [];
  #finish: (() => void) | undefined;
  #active = 0;
  #failed = 0;
  #skipped = 0;
  #invalid = 0;
  #firstFailure: string | undefined;
  #stopped: EngineResult["stopped"];
  #isReading = false;
  #hasEnded = false;
  #isOver = false;
  #isLooping = false;
  #isYielding = false;
  #turnBegan = 0;
  #turns = 0;

  constructor(options: EngineOptions, source: ByteSource, sink: LineSink) {
    this.#options = options;
    this.#source = source;
    this.#sink = sink;
    this.#reader = new LineReader(options.maxLineBytes);
    if (options.window !== undefined) {
      this.#order = new InOrder(options.window, (index, line) => sink.append(index, line));
    }
  }

  /** Runs all items; never rejects. Items that have not let go at its end are ignored from then on. */
  async run(): Promise<EngineResult> {
    const { signal } = this.#options;
    const forget = signal && onAbort(signal, (reason) => this.#stop(true, reason, this.#options.grace));
    if (signal?.aborted) this.#stop(true, signal.reason, 0);
    await new Promise<void>((resolve) => {
      this.#finish = resolve;
      this.pump();
    });
    this.#isOver = true;
    forget?.();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#order?.giveUp();
    return {
      failed: this.#failed,
      skipped: this.#skipped,
      invalid: this.#invalid,
      firstFailure: this.#firstFailure,
      stopped: this.#stopped,
    };
  }

  /** What is written is lost from now on: nothing is worth waiting for. */
  failWriting(error: unknown): void {
    this.#stop(false, error, 0);
  }

  /** Begins as many items as may be (E1). */
  pump(): void {
    // A function that the loop calls may come back here, as when a write fails.
    if (this.#isLooping || this.#isYielding) return;
    this.#isLooping = true;
    while (!this.#stopped && this.#active < this.#options.concurrency) {
      if (this.#sink.isFull || this.#order?.isFull) break;
      if ((this.#turns++ & 15) === 0 && performance.now() - this.#turnBegan > TURN) {
        this.#yield();
        break;
      }
      const line = this.#reader.next();
      if (line === undefined) {
        if (!this.#hasEnded) this.#read();
        break;
      }
      this.#take(line, this.#reader.index);
    }
    this.#isLooping = false;
    if (this.#active === 0 && !this.#isYielding && (this.#stopped || (this.#hasEnded && !this.#isReading))) {
      // All lines have been taken, unless writing has to catch up first.
      if (this.#stopped || !(this.#sink.isFull || this.#order?.isFull)) this.#finish?.();
    }
  }

  #yield(): void {
    this.#isYielding = true;
    setImmediate(() => {
      this.#isYielding = false;
      this.#turnBegan = performance.now();
      this.pump();
    });
  }

  #read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#source.read().then(
      (chunk) => {
        this.#isReading = false;
        if (this.#stopped) return;
        try {
          if (chunk) this.#reader.push(chunk);
          else this.#reader.end();
          this.#hasEnded = chunk === undefined;
        } catch (error) {
          this.#stop(false, error, this.#options.grace);
        }
        this.pump();
      },
      (error: unknown) => {
        this.#isReading = false;
        const reason = isSystemError(error) ? fileError("read", "the input", error) : error;
        this.#stop(false, reason, this.#options.grace);
      },
    );
  }

  #take(line: string | UnreadableLine, index: number): void {
    if (this.#sink.done.has(index)) {
      this.#skipped += 1;
      return;
    }
    let item: unknown;
    try {
      if (typeof line !== "string") throw line;
      item = this.#options.format.read(line);
    } catch (error) {
      this.#refuse(line, index, error);
      return;
    }
    const text = line as string;
    const place = this.#order ? this.#order.begin(index) : 0;
    let result: unknown;
    let isPending: boolean;
    try {
      result = this.#options.run(item, { index, signal: this.#signal });
      // A getter may throw, too.
      isPending = isThenable(result);
    } catch (error) {
      this.#fail(index, place, text, error);
      return;
    }
    if (!isPending) {
      this.#succeed(index, place, text, result);
      return;
    }
    this.#active += 1;
    const promise = result instanceof Promise ? result : Promise.resolve(result);
    promise.then(
      (value: unknown) => {
        this.#active -= 1;
        this.#succeed(index, place, text, value);
        this.pump();
      },
      (error: unknown) => {
        this.#active -= 1;
        this.#fail(index, place, text, error);
        this.pump();
      },
    );
  }

  #succeed(index: number, place: number, text: string, value: unknown): void {
    if (this.#isOver) return;
    let fields: string;
    try {
      fields = this.#options.format.result(value, index);
    } catch (error) {
      const message = `Cannot write the result as JSON: ${errorInOneLine(error)}`;
      this.#fail(index, place, text, new TypeError(message, { cause: error }));
      return;
    }
    this.#hand(index, place, `{"index":${index},${fields}}\n`);
    this.#options.onEnd?.("success");
  }

  #fail(index: number, place: number, text: string, error: unknown): void {
    if (this.#isOver) return;
    this.#order?.fill(place, "");
    if (this.#stopped && isStopError(error, this.#stopped.reason)) return;
    try {
      if (this.#options.stopOn?.(error)) {
        this.#stop(false, error, this.#options.grace);
        return;
      }
    } catch (thrown) {
      this.#stop(false, thrown, this.#options.grace);
      return;
    }
    const fields = this.#options.format.failure(text, error, index);
    this.#count(`line ${index + 1}: ${errorInOneLine(error)}`, `{"index":${index},${fields}}\n`);
  }

  /** A line that is no JSON, or no text: a failure, unless there is nothing in it. */
  #refuse(line: string | UnreadableLine, index: number, error: unknown): void {
    if (typeof line === "string" && line.trim() === "") return;
    this.#invalid += 1;
    const reason = line instanceof UnreadableLine ? line.reason : `it is no JSON: ${(error as Error).message}`;
    this.#count(`line ${index + 1} cannot be read as ${reason}`, invalidLine(index, line, error));
  }

  #count(summary: string, line: string): void {
    this.#failed += 1;
    this.#firstFailure ??= summary;
    this.#sink.appendFailure(line);
    this.#options.onEnd?.("failure");
    if (this.#failed !== this.#options.maxFailures) return;
    const plural = this.#failed === 1 ? "an item has" : `${this.#failed} items have`;
    this.#stop(false, new Error(`${plural} failed, which is the most allowed`), this.#options.grace);
  }

  #hand(index: number, place: number, line: string): void {
    if (this.#order) this.#order.fill(place, line);
    else this.#sink.append(index, line);
  }

  /** Begins nothing more, waits `grace` ms for what runs, tells it to stop, and waits a little longer. */
  #stop(isAbort: boolean, reason: unknown, grace: number): void {
    if (this.#stopped) {
      if (grace === 0) this.#letGo(reason);
      return;
    }
    this.#stopped = { isAbort, reason };
    if (grace === 0) this.#letGo(reason);
    else this.#timers.push(setTimeout(() => this.#letGo(reason), grace));
    if (!this.#isLooping) this.pump();
  }

  #letGo(reason: unknown): void {
    if (this.#controller.signal.aborted) return;
    this.#controller.abort(reason);
    this.#timers.push(setTimeout(() => this.#finish?.(), LET_GO));
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
