/** The options of a batch: their meaning, their defaults, and what is refused. */
import type { Writable } from "node:stream";
import { show } from "../config/show.js";
import { checkFields } from "../config/check-fields.js";
import { duration } from "../config/duration.js";
import type { ProgressOption } from "../progress/open-progress.js";
import type { BatchInput } from "./byte-source.js";
import type { BatchContext } from "./engine.js";

/** Options of {@link runBatch}. */
export interface BatchOptions<I = unknown, O = unknown> {
  /** JSON Lines: the path of a file, or what yields its bytes, such as `process.stdin`. */
  readonly input: BatchInput;
  /** The path of the output, or a stream that lines are written to, which cannot be resumed and is not ended. */
  readonly output: string | Writable;
  /**
   * Does one item; what it returns or resolves to is written as JSON, `undefined` as `null`. An item for which it throws
   * or rejects has failed.
   */
  readonly run: (item: I, context: BatchContext) => O | PromiseLike<O>;
  /** Items that run at once. @default 64 */
  readonly concurrency?: number | undefined;
  /** Whether lines of the output stand in the order of the input. @default false: in the order in which they end */
  readonly ordered?: boolean | undefined;
  /**
   * With `ordered`, items that may be begun and not written: those that run, and those that wait for one before them.
   * @default 1,024, or 8 times `concurrency` where that is more
   */
  readonly window?: number | undefined;
  /**
   * The file that takes what failed, made anew by each run and only when something fails; `false` for none.
   * @default `OUTPUT.failures`; none where the output is a stream
   */
  readonly failures?: string | false | undefined;
  /** Whether to finish an output that exists: only items that are not in it are run. @default false */
  readonly resume?: boolean | undefined;
  /** Whether to begin anew where the output exists. @default false */
  readonly overwrite?: boolean | undefined;
  /** Whether to resume also an output that was made with other settings or from another input. @default false */
  readonly force?: boolean | undefined;
  /** What else the output depends on, as plain data by name: a run with others does not resume it. @default {} */
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
  /** Whether an error ends the run, as one that every item would meet. The item is then not done, and not failed. */
  readonly stopOn?: ((error: unknown) => boolean) | undefined;
  /** Ends the run when so many items have failed. @default unlimited */
  readonly maxFailures?: number | undefined;
  /** Bytes of the longest line; a longer one has failed, and is not kept. @default 64 MiB */
  readonly maxLineBytes?: number | undefined;
  /** Shows how far it is, on standard error. @default false */
  readonly progress?: ProgressOption | undefined;
  /** Ends the run when it fires: nothing more is begun. */
  readonly signal?: AbortSignal | undefined;
  /** How long running items may take to end then, in ms, before their own signal fires. @default 5,000 */
  readonly grace?: number | undefined;
}

/** Options with every default filled in. */
export interface ResolvedBatch {
  readonly input: BatchInput;
  readonly output: string | Writable;
  readonly run: (item: unknown, context: BatchContext) => unknown;
  readonly concurrency: number;
  readonly window: number | undefined;
  readonly failures: string | undefined;
  readonly resume: boolean;
  readonly overwrite: boolean;
  readonly force: boolean;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly stopOn: ((error: unknown) => boolean) | undefined;
  readonly maxFailures: number;
  readonly maxLineBytes: number;
  readonly progress: ProgressOption | undefined;
  readonly signal: AbortSignal | undefined;
  readonly grace: number;
}

const NAMES: Readonly<Record<keyof BatchOptions, true>> = {
  input: true,
  output: true,
  run: true,
  concurrency: true,
  ordered: true,
  window: true,
  failures: true,
  resume: true,
  overwrite: true,
  force: true,
  settings: true,
  stopOn: true,
  maxFailures: true,
  maxLineBytes: true,
  progress: true,
  signal: true,
  grace: true,
};

/** @throws {TypeError | RangeError} naming the option, its value, and what it must be */
export function resolveBatch(options: BatchOptions): ResolvedBatch {
  checkFields("batch", options, Object.keys(NAMES));
  const { input, output, run, signal, stopOn, settings = {} } = options;
  if (!(isPath(input) || isAsyncIterable(input))) {
    throw wrongType("input", "a path or an async iterable of bytes", input);
  }
  if (!(isPath(output) || isWritable(output))) throw wrongType("output", "a path or a stream to write to", output);
  if (typeof run !== "function") throw wrongType("run", "a function", run);
  if (stopOn !== undefined && typeof stopOn !== "function") throw wrongType("stopOn", "a function", stopOn);
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw wrongType("signal", "an AbortSignal", signal);
  if (typeof settings !== "object" || settings === null || Array.isArray(settings)) {
    throw wrongType("settings", "an object of plain data", settings);
  }
  const { failures = typeof output === "string" ? `${output}.failures` : false } = options;
  if (failures !== false && !isPath(failures)) throw wrongType("failures", "a path or false", failures);
  const resume = boolean("resume", options.resume);
  const overwrite = boolean("overwrite", options.overwrite);
  if (resume && overwrite) throw new TypeError("Cannot set 'overwrite' as 'resume' is set too: choose one");
  if (resume && typeof output !== "string") {
    throw new TypeError("Cannot set 'resume' as the output is a stream: what was written to it cannot be read");
  }
  const concurrency = count("concurrency", options.concurrency ?? 64);
  const window = count("window", options.window ?? Math.max(1024, 8 * concurrency));
  return {
    input,
    output,
    run: run as ResolvedBatch["run"],
    concurrency,
    window: boolean("ordered", options.ordered) ? window : undefined,
    failures: failures === false ? undefined : failures,
    resume,
    overwrite,
    force: boolean("force", options.force),
    settings,
    stopOn,
    maxFailures: options.maxFailures === undefined ? Infinity : count("maxFailures", options.maxFailures),
    maxLineBytes: count("maxLineBytes", options.maxLineBytes ?? 64 * 1024 * 1024),
    progress: options.progress,
    signal,
    grace: duration("grace", options.grace ?? 5000),
  };
}

function isPath(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isAsyncIterable(value: unknown): boolean {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

function isWritable(value: unknown): boolean {
  return typeof value === "object" && value !== null && typeof (value as { write?: unknown }).write === "function";
}

function boolean(name: string, value: boolean | undefined): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? false;
  throw wrongType(name, "a boolean", value);
}

/** What is counted in an array or held in memory cannot be without bound. */
function count(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= 2 ** 30) return value;
  throw new RangeError(
    `Cannot set '${name}' as it must be an integer from 1 to ${2 ** 30}: current value is ${show(value)}`,
  );
}

function wrongType(name: string, wanted: string, value: unknown): TypeError {
  return new TypeError(`Cannot set '${name}' as it must be ${wanted}: current value is ${show(value)}`);
}
