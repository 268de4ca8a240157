/**
 * The bar as users hold it.
 *
 * Owns its source, which is iterated once, and the nested bars of the calls it follows. Its counts are its `Meter`'s,
 * what is to be seen is its output's.
 */
import { staysHome } from "../config/homebound.js";
import { checkFlag } from "../config/check-flag.js";
import { show } from "../config/show.js";
import { checkFields } from "../config/check-fields.js";
import { duration } from "../config/duration.js";
import { type Clock, machineClock } from "../config/monotonic.js";
import { oneOf } from "../config/one-of.js";
import { type Future, type Progress, subscribe } from "../future/future.js";
import { checkCount, checkStream, checkText, checkTotal, isCount } from "./checks.js";
import { finish } from "./finish.js";
import { Meter, type ProgressEnding } from "./meter.js";
import { outputOf } from "./output-of.js";
import type { ProgressOutput, ProgressStream } from "./progress-output.js";
import { countItems, countItemsAsync, isSource, sizeOf, type Source } from "./source.js";

/** Options of a {@link ProgressBar}. */
export interface ProgressBarOptions {
  /** How much there is to do. @default the length or size of the source, else unknown: count and rate are shown */
  total?: number;
  /** How much was done before: neither the rate nor the time left count it. @default 0 */
  initial?: number;
  /** What stands before the bar. */
  description?: string;
  /** What is counted, in the plural, as in `"files"`. */
  unit?: string;
  /** Shows the bar below that one, indented. */
  parent?: ProgressBar<unknown>;
  /** Whether the bar stays when it has ended. @default true; for a nested bar only if it failed */
  leave?: boolean;
  /** @default process.stderr */
  stream?: ProgressStream;
  /** @default what the stream can do; `NO_COLOR` and `FORCE_COLOR` are heeded */
  colour?: boolean;
  /** Draws with ASCII characters only. @default whether the terminal seems to know no others */
  ascii?: boolean;
  /** Where the output is not a terminal, ms between two lines. @default 5000 */
  interval?: number;
  /** For tests. @default the monotonic clock of the machine */
  clock?: Clock;
}

const OPTIONS = [
  "total",
  "initial",
  "description",
  "unit",
  "parent",
  "leave",
  "stream",
  "colour",
  "ascii",
  "interval",
  "clock",
] as const satisfies (keyof ProgressBarOptions)[];

/** What nested bars have of their parents. */
interface Shared {
  readonly stream: ProgressStream;
  readonly colour: boolean | undefined;
  readonly ascii: boolean | undefined;
  readonly clock: Clock;
}

/**
 * Shows how far something has come: of something counted by `advance`, or of a source as it is iterated through the bar.
 *
 * On a terminal, bars are drawn again ten times a second, the live ones below each other; elsewhere each bar prints a
 * line at its start, every `interval` ms, and at its end. A bar must be ended by `succeed`, `fail`, `stop`, or `using`;
 * one that is forgotten keeps nothing alive.
 *
 * Iterated, it counts an item when the next one is asked for. It ends as a success when the source does, as failed
 * when the source throws, and as stopped when the loop is left early: that the body of a loop threw cannot be told from
 * a `break`. An item that the body has counted itself, by `advance`, is not counted again.
 *
 * @throws {TypeError | RangeError} for options that are not valid
 * @example
 * for (const path of new ProgressBar(paths, { description: "Hashing" })) hash(path);
 * @example
 * using bar = new ProgressBar({ total: 3, unit: "files" });
 * bar.advance();
 * bar.advance(2, "failure");
 */
export class ProgressBar<T = never> implements Disposable {
  readonly #meter: Meter;
  readonly #output: ProgressOutput;
  readonly #shared: Shared;
  #source: Source<T> | undefined;
  #isIterated = false;

  constructor(source: Source<T> | ProgressBarOptions, options?: ProgressBarOptions) {
    if (isSource<T>(source)) this.#source = source;
    const given = isSource(source) ? (options ?? {}) : source;
    checkOptions(given);
    const { parent, description = "", unit = "", total, initial = 0, leave, clock, interval = 5000 } = given;
    if (parent !== undefined && !(#meter in parent)) {
      throw new TypeError(`Cannot set 'parent' as it must be a ProgressBar: current value is ${show(parent)}`);
    }
    const above = parent && { meter: parent.#meter, shared: parent.#shared };
    this.#shared = {
      stream: given.stream ?? above?.shared.stream ?? process.stderr,
      colour: given.colour ?? above?.shared.colour,
      ascii: given.ascii ?? above?.shared.ascii,
      clock: clock ?? above?.shared.clock ?? machineClock,
    };
    this.#meter = new Meter({
      description,
      unit,
      total: total ?? sizeOf(this.#source),
      initial,
      leave,
      interval,
      parent: above?.meter,
      clock: this.#shared.clock,
    });
    this.#output = outputOf(this.#shared);
    this.#output.add(this.#meter);
  }

  /** How much there is to do; `undefined` while it is unknown. May be set at any time. */
  get total(): number | undefined {
    return this.#meter.total;
  }

  set total(total: number | undefined) {
    checkTotal(total);
    if (!this.#meter.ending) this.#meter.total = total;
  }

  /** How much is done, failures included. */
  get done(): number {
    return this.#meter.done;
  }

  get failures(): number {
    return this.#meter.failures;
  }

  /** How the bar ended; `undefined` while it is live. */
  get ending(): ProgressEnding | undefined {
    return this.#meter.ending;
  }

  /**
   * Counts what is done. Costs little more than an addition: call it for each of millions of items. Ignored when the bar
   * has ended.
   */
  advance(count = 1, outcome: "success" | "failure" = "success"): void {
    if (!isCount(count)) checkCount("count", count);
    const meter = this.#meter;
    if (meter.ending) return;
    if (outcome !== "success") {
      oneOf("outcome", outcome, ["success", "failure"]);
      meter.failures += count;
    }
    meter.done += count;
    if (meter.isTimeToLook()) this.#output.look(meter, meter.look());
  }

  /** Sets how much is done, for what counts by itself: a position in a file, a call's own progress. */
  moveTo(done: number, total?: number): void {
    checkCount("done", done);
    checkTotal(total);
    const meter = this.#meter;
    if (meter.ending) return;
    meter.done = done;
    if (total !== undefined) meter.total = total;
    if (meter.isTimeToLook()) this.#output.look(meter, meter.look());
  }

  /** Sets the description. */
  describe(text: string): void {
    if (this.#meter.ending) return;
    this.#meter.description = checkText("description", text);
    this.#output.look(this.#meter, this.#meter.look());
  }

  /** Prints lines above the bars, on their stream. */
  log(text: string): void {
    this.#output.log(checkText("log", text));
  }

  /**
   * Counts a call as one item of this bar when it is settled, as a failure unless it is done. When the call reports its
   * progress (`call().progress` in the worker, in any mode), a nested bar shows it until then. Counts as looking at the
   * outcome of the future.
   *
   * @param options - of the nested bar
   * @returns the future
   * @throws {TypeError | RangeError} for options that are not valid
   */
  follow<F extends Future<unknown>>(future: F, options: ProgressBarOptions = {}): F {
    checkOptions(options);
    let nested: ProgressBar | undefined;
    const show = ({ done, total }: Progress): void => {
      const isLive = future.status === "queued" || future.status === "running";
      // What a worker says may be anything; this runs where its messages are read, and must not throw.
      if (this.#meter.ending || !isLive || !isCount(done)) return;
      const description = future.worker ? `worker ${future.worker.index}` : "";
      nested ??= new ProgressBar<never>({ description, ...options, parent: this });
      nested.moveTo(done, isCount(total) ? total : undefined);
    };
    if (future.progress) show(future.progress);
    future.onProgress(show);
    // Not `onSettled`: whoever awaits the future would see it before it is counted.
    subscribe<unknown>(future, ({ status }) => {
      if (status === "done") nested?.succeed();
      else if (status === "cancelled") nested?.stop();
      else nested?.fail();
      this.advance(1, status === "done" ? "success" : "failure");
    });
    return future;
  }

  /** Ends the bar as a success. Once ended, a bar stays as it is. */
  succeed(text?: string): void {
    this.#end("success", text);
  }

  /** Ends the bar as failed. */
  fail(text?: string): void {
    this.#end("failure", text);
  }

  /** Ends the bar as stopped before it was done, on purpose. */
  stop(text?: string): void {
    this.#end("stopped", text);
  }

  /** Ends the bar, if it has not ended: as stopped when not all of its total is done, else as `finish` does. */
  [Symbol.dispose](): void {
    const { done, total } = this.#meter;
    if (total !== undefined && done >= total) finish(this);
    else this.stop();
  }

  /** @throws {TypeError} when there is no source, an asynchronous one, or when it was iterated before */
  [Symbol.iterator](): IterableIterator<T> {
    const source = this.#takeSource("for (const item of bar)");
    if (!(Symbol.iterator in Object(source))) {
      throw new TypeError("Cannot iterate the bar as its source is asynchronous: use 'for await'");
    }
    return countItems(source as Iterable<T>, this);
  }

  /** @throws {TypeError} when there is no source, or when it was iterated before */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return countItemsAsync(this.#takeSource("for await (const item of bar)"), this);
  }

  #takeSource(loop: string): Source<T> {
    if (this.#source === undefined) throw new TypeError(`Cannot use '${loop}' as the bar was made without a source`);
    if (this.#isIterated) throw new TypeError("Cannot iterate the bar as it was iterated before: make a new one");
    this.#isIterated = true;
    return this.#source;
  }

  #end(ending: ProgressEnding, text?: string): void {
    if (text !== undefined) checkText("text", text);
    if (this.#meter.end(ending, text)) this.#output.end(this.#meter);
  }

  static {
    staysHome(this);
  }
}

function checkOptions(options: ProgressBarOptions): void {
  checkFields("ProgressBar", options, OPTIONS);
  const { total, initial = 0, description = "", unit = "", leave, stream, colour, ascii, interval = 0 } = options;
  checkTotal(total);
  checkCount("initial", initial);
  checkText("description", description);
  checkText("unit", unit);
  checkFlag("leave", leave);
  if (stream !== undefined) checkStream(stream);
  checkFlag("colour", colour);
  checkFlag("ascii", ascii);
  duration("interval", interval);
}
