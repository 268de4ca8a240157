/**
 * A pipeline that runs: its results, what failed, and what its stages are doing.
 *
 * Owns the engines, one for each stage, each the source of the next; the signal that stages are given; and the failures.
 * It begins with the first result that is asked for.
 *
 * R1. Each item of the source ends as one result, or as one failure of one stage, until the run ends early. Items of a
 *     batch that becomes one result share it.
 * R2. What is taken from the source and not delivered is bounded by the windows of the stages and the sizes of batches.
 * R3. It ends early once: by the first failure under `"stop"`, its signal, or its reader, who leaves. Then the signal of
 *     the stages fires, and nothing more is begun in any of them.
 */
import { staysHome } from "../../config/homebound.js";
import { keepShape } from "../../config/keep-shape.js";
import { machineClock } from "../../config/monotonic.js";
import { sharedController } from "../../config/shared-controller.js";
import type { ProgressOption } from "../../progress/open-progress.js";
import { FlowProgress } from "../flow-progress.js";
import { Engine, NOTHING } from "../map-engine.js";
import { type AnyIterable, END, openSource, PENDING, sizeOf, type Source } from "../map-source.js";
import { resolveFlow } from "../map-options.js";
import { Mapping } from "../mapping.js";
import { BatchSource, FlatSource } from "./batch-source.js";
import { type Envelope, EnvelopeSource, Intake } from "./envelope.js";
import {
  checkPolicyName,
  type ErrorPolicy,
  type PipelineFailure,
  type ResolvedStage,
  resolveStage,
} from "./stage-options.js";
import type { StageStats } from "./stage-tally.js";
import { BatchWork, ItemWork, type StageOwner } from "./stage-work.js";

/** What a pipeline is doing and has done. */
export interface PipelineStats {
  /** Since it began, or from its beginning to its end, in ms. */
  readonly elapsed: number;
  /** Items taken from the source. */
  readonly in: number;
  /** Results delivered. */
  readonly out: number;
  /** Items that failed, in any stage. */
  readonly failed: number;
  readonly stages: readonly StageStats[];
}

/** What a pipeline that was awaited ends with. */
export interface PipelineResult<T> {
  readonly results: T[];
  /** Of stages whose `onError` is `"collect"`. */
  readonly failures: readonly PipelineFailure[];
  readonly stats: PipelineStats;
}

/** What a run is made of. */
export interface RunPlan {
  readonly source: AnyIterable<unknown>;
  readonly stages: readonly ResolvedStage[];
  readonly onError: ErrorPolicy;
  readonly signal: AbortSignal | undefined;
  readonly progress?: ProgressOption | undefined;
}

type StageEngine = Engine<never, Envelope | Envelope[]>;

/**
 * A pipeline that runs. Iterate it for its results one by one, `drain()` it where they are of no use, or await it for all
 * of them together with what failed. It begins with that, and can be done once.
 */
export class PipelineRun<T>
  implements PromiseLike<PipelineResult<T>>, AsyncIterableIterator<T, undefined>, AsyncDisposable
{
  readonly #onError: ErrorPolicy;
  readonly #failures: PipelineFailure[] = [];
  readonly #controller = sharedController();
  readonly #source: EnvelopeSource;
  readonly #works: (ItemWork | BatchWork)[] = [];
  readonly #engines: StageEngine[] = [];
  readonly #last: Source<Envelope>;
  readonly #mapping: Mapping<T>;
  readonly #progress: FlowProgress;
  #startedAt: number | undefined;
  #endedAt: number | undefined;
  #out = 0;
  #failed = 0;

  static {
    staysHome(this);
    const same = (input: unknown): unknown => input;
    const stages = [resolveStage(same, {}, []), resolveStage(same, { batch: { size: 1 } }, [])];
    keepShape(new PipelineRun({ source: [], stages, onError: "stop", signal: undefined }));
  }

  /** Runs are made by `pipeline(…).run()`. */
  constructor({ source, stages, onError, signal, progress }: RunPlan) {
    const total = sizeOf(source);
    this.#progress = new FlowProgress(progress, total === undefined ? {} : { total }, signal);
    this.#onError = onError;
    this.#source = new EnvelopeSource(openSource("the source of a pipeline", source));
    this.#last = this.#connect(stages);
    this.#mapping = new Mapping<T>({
      name: "the pipeline",
      signal,
      open: () => {
        this.#progress.open();
        this.#startedAt = performance.now();
        return {
          pull: (wake) => this.#pull(wake),
          close: () => this.#last.close(),
          abort: (reason) => {
            this.#engines.at(-1)!.abort(reason);
            if (this.#last instanceof FlatSource) this.#last.drop();
          },
        };
      },
      onEnd: (ending) => {
        this.#endedAt = performance.now();
        for (const work of this.#works) work.end();
        this.#progress.end(ending);
      },
    });
  }

  /** What failed in stages whose `onError` is `"collect"`, and what ended the run, so far. */
  get failures(): readonly PipelineFailure[] {
    return this.#failures;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return this.#mapping.next();
  }

  /** Ends it, as leaving a `for await` early does; settles when the source has closed. */
  return(): Promise<IteratorResult<T, undefined>> {
    return this.#mapping.return();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mapping[Symbol.asyncDispose]();
  }

  then<A = PipelineResult<T>, B = never>(
    onFulfilled?: ((result: PipelineResult<T>) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.toArray()
      .then((results) => ({ results, failures: this.failures, stats: this.stats() }))
      .then(onFulfilled, onRejected);
  }

  /** All results; what failed is in `failures`. */
  toArray(): Promise<T[]> {
    return this.#mapping.then((results) => results);
  }

  /** Lets everything through and keeps no result. */
  async drain(): Promise<Omit<PipelineResult<T>, "results">> {
    for await (const _ of this.#mapping);
    return { failures: this.failures, stats: this.stats() };
  }

  /** What it is doing and has done, at any time. */
  stats(): PipelineStats {
    const elapsed = this.#startedAt === undefined ? 0 : (this.#endedAt ?? performance.now()) - this.#startedAt;
    // Where items are waited for before the first stage, that has an engine of its own.
    const offset = this.#engines.length - this.#works.length;
    const stages = this.#works.map(({ stage, flow, tally }, index) =>
      tally.report(stage.name, flow.concurrency, this.#engines[index + offset]!.running, this.#works[index - 1]?.tally),
    );
    return { elapsed, in: this.#source.count, out: this.#out, failed: this.#failed, stages };
  }

  /** Makes the engines, and returns the end of the line. */
  #connect(stages: readonly ResolvedStage[]): Source<Envelope> {
    const owner: StageOwner = {
      signal: this.#controller.signal,
      failed: (stage, envelope, error) => this.#onFailed(stage.name, stage.onError, envelope, error),
      stopped: (reason) => this.#controller.abort(reason),
    };
    const [first] = stages;
    let current: Source<Envelope> = this.#source;
    if (!first || first.batch) {
      const intake = new Intake((envelope, error) => {
        this.#onFailed(first?.name ?? "source", first?.onError, envelope, error);
        return NOTHING;
      });
      const engine = new Engine(current, intake, resolveFlow("", { ordered: first?.flow().ordered }, undefined));
      this.#engines.push(engine as StageEngine);
      current = engine;
    }
    for (const stage of stages) {
      if (stage.batch) {
        const { size, maxWait, isOne } = stage.batch;
        const work = new BatchWork(stage, owner);
        const engine = new Engine(new BatchSource(current, size, maxWait, machineClock), work, work.flow);
        current = isOne ? (engine as Source<Envelope>) : new FlatSource(engine as Source<Envelope[]>);
        this.#works.push(work);
        this.#engines.push(engine as StageEngine);
      } else {
        const work = new ItemWork(stage, owner, stage === first);
        const engine = new Engine(current, work, work.flow);
        current = engine as Source<Envelope>;
        this.#works.push(work);
        this.#engines.push(engine as StageEngine);
      }
    }
    return current;
  }

  #pull(wake: () => void): T | typeof PENDING | typeof END {
    const envelope = this.#last.pull(wake);
    if (envelope === PENDING || envelope === END) return envelope;
    this.#out += 1;
    this.#progress.advance(envelope.count, "success");
    return envelope.value as T;
  }

  #onFailed(
    stage: string,
    own: ErrorPolicy | undefined,
    { value: item, index, count }: Envelope,
    error: unknown,
  ): void {
    const failure: PipelineFailure = { stage, item, index, error };
    const policy = own ?? this.#onError;
    this.#failed += 1;
    this.#progress.advance(count, "failure");
    const name = typeof policy === "function" ? checkPolicyName("what 'onError' returns", policy(failure)) : policy;
    if (name !== "skip") this.#failures.push(failure);
    if (name === "skip" || name === "collect") return;
    // At the end of the line first: it need not wait until the error has passed through all stages (R3).
    this.#engines.at(-1)!.fail(error);
    throw error;
  }
}
