import { staysHome } from "../../config/homebound.js";
import { show } from "../../config/show.js";
import { checkFields } from "../../config/check-fields.js";
import type { ProgressOption } from "../../progress/open-progress.js";
import { type AnyIterable, openSource, sizeOf } from "../map-source.js";
import { PipelineRun } from "./pipeline-run.js";
import {
  type BatchOptions,
  checkPolicy,
  type ErrorPolicy,
  type ResolvedStage,
  resolveStage,
  type StageOptions,
} from "./stage-options.js";
import type { StageContext } from "./stage-work.js";

/** Options of {@link Pipeline.run}. */
export interface PipelineOptions {
  /**
   * What happens when an item fails in a stage: the pipeline ends with its error (`"stop"`), or goes on without it and
   * counts it (`"skip"`), or also keeps it in `failures` (`"collect"`); a function decides for each failure, and ends
   * the pipeline with what it throws. Default: `"stop"`. A failure of the source ends it in any case.
   */
  onError?: ErrorPolicy | undefined;
  /** Ends the pipeline when it fires: it rejects with the signal's reason at once. */
  signal?: AbortSignal | undefined;
  /**
   * Shows a bar of the items of the source that came to an end, as a result that was taken or as a failure: `true`, or
   * options of the bar. Default: false.
   */
  progress?: ProgressOption | undefined;
}

const PIPELINE_OPTIONS: Readonly<Record<keyof PipelineOptions, true>> = { onError: true, signal: true, progress: true };

/** What several pipelines share that begin with the same source. */
interface SharedSource {
  readonly items: AnyIterable<unknown>;
  hasRun: boolean;
}

/**
 * Stages that items pass through; `T` is what comes out. Made by {@link pipeline}; each `stage` makes a longer one and
 * leaves this one as it is.
 */
export class Pipeline<T> {
  readonly #source: SharedSource;
  readonly #stages: readonly ResolvedStage[];

  /** Pipelines are made by `pipeline`. */
  constructor(source: SharedSource, stages: readonly ResolvedStage[]) {
    this.#source = source;
    this.#stages = stages;
  }

  /**
   * Adds a stage: a function, a task or a method of a pool, called with each output of the stage before, or with several
   * of them as an array where `batch` says so.
   *
   * A function is given `{ index, attempt, signal }` too. A method of a pool or a task is given its input alone; its
   * futures are cancelled when the pipeline ends early.
   *
   * @throws {TypeError | RangeError} naming the option, its value, and what it must be
   */
  stage<R>(
    fn: (items: T[], context: StageContext) => R,
    options: StageOptions<T[], Awaited<NoInfer<R>>> & { batch: BatchOptions & { output: "one" } },
  ): Pipeline<Awaited<R>>;
  stage<R>(
    fn: (items: T[], context: StageContext) => readonly R[] | PromiseLike<readonly R[]>,
    options: StageOptions<T[], readonly NoInfer<R>[]> & { batch: BatchOptions & { output?: "each" | undefined } },
  ): Pipeline<R>;
  stage<R>(
    fn: (item: T, context: StageContext) => R,
    options?: StageOptions<T, Awaited<NoInfer<R>>> & { batch?: undefined },
  ): Pipeline<Awaited<R>>;
  // What more a method of a pool may be given, it is not.
  stage<R>(
    fn: (items: T[]) => R,
    options: StageOptions<T[], Awaited<NoInfer<R>>> & { batch: BatchOptions & { output: "one" } },
  ): Pipeline<Awaited<R>>;
  stage<R>(
    fn: (items: T[]) => readonly R[] | PromiseLike<readonly R[]>,
    options: StageOptions<T[], readonly NoInfer<R>[]> & { batch: BatchOptions & { output?: "each" | undefined } },
  ): Pipeline<R>;
  // The last one, as compilers explain what is wrong by it alone, and most stages have no batches.
  stage<R>(
    fn: (item: T) => R,
    options?: StageOptions<T, Awaited<NoInfer<R>>> & { batch?: undefined },
  ): Pipeline<Awaited<R>>;
  stage(fn: unknown, options: StageOptions<never, never> = {}): Pipeline<unknown> {
    const taken = this.#stages.map(({ name }) => name);
    return new Pipeline(this.#source, [...this.#stages, resolveStage(fn, options, taken)]);
  }

  /**
   * A run of the pipeline, which begins when it is awaited, iterated or drained.
   *
   * @throws {TypeError} for options that are not valid, and for another run of a source that can be read but once
   */
  run(options: PipelineOptions = {}): PipelineRun<T> {
    checkFields("options", options, Object.keys(PIPELINE_OPTIONS));
    const { signal } = options;
    const onError = checkPolicy("onError", options.onError ?? "stop");
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw new TypeError(`Cannot set 'signal' as it must be an AbortSignal: current value is ${show(signal)}`);
    }
    const source = this.#source;
    const { progress } = options;
    if (source.hasRun && sizeOf(source.items) === undefined) {
      throw new TypeError("Cannot run the pipeline again as its source may be read already: make a new one");
    }
    source.hasRun = true;
    return new PipelineRun<T>({ source: source.items, stages: this.#stages, onError, signal, progress });
  }

  static {
    staysHome(this);
  }
}

/**
 * Makes a pipeline over anything that can be iterated, items or promises of them: add stages with `stage`, and `run` it.
 *
 * Each stage works on several items at once, and the stages at the same time. A stage takes from the one before as it
 * has room, so a slow one holds up those before it and memory stays bounded by the windows, however long the source.
 *
 * @throws {TypeError} when the source cannot be iterated
 * @example
 * const { results, failures } = await pipeline(paths)
 *   .stage(reader.read, { concurrency: 8 })
 *   .stage(hasher.hash)
 *   .stage(insertMany, { batch: { size: 100, maxWait: 50 } })
 *   .run({ onError: "collect" });
 */
export function pipeline<T>(source: AnyIterable<T>): Pipeline<Awaited<T>> {
  // Asked of nothing yet: only looked at.
  openSource("the source of a pipeline", source);
  return new Pipeline({ items: source, hasRun: false }, []);
}
