/** What a stage of a pipeline runs for each item, or for each batch of them. */
import { Future } from "../../future/future.js";
import { cancelledBy } from "../cancelled-by.js";
import { type EngineOptions, NOTHING, PLACED, type Work } from "../map-engine.js";
import type { Place } from "../place.js";
import { arrival, type Envelope } from "./envelope.js";
import { type Attempt, StageAttempts } from "./stage-attempts.js";
import type { ResolvedStage } from "./stage-options.js";
import { StageTally } from "./stage-tally.js";

/** What the function of a stage is told beside its input. */
export interface StageContext {
  /** The position of the item in the source of the pipeline, from 0; of a batch, that of its first item. */
  readonly index: number;
  /** From 1; above it the item is tried again. */
  readonly attempt: number;
  /** Fires when the pipeline ends early, or the item has taken longer than the stage's `timeout`. */
  readonly signal: AbortSignal;
}

/** Who is told what becomes of items: the run. */
export interface StageOwner {
  readonly signal: AbortSignal;
  /** An item failed; throws what ends the pipeline, where it does. */
  failed(stage: ResolvedStage, envelope: Envelope, error: unknown): void;
  stopped(reason: unknown): void;
}

/** What stages for single items and for batches have in common. */
abstract class StageWork<I> implements Work<I, I | Envelope> {
  readonly stage: ResolvedStage;
  readonly flow: EngineOptions;
  readonly tally = new StageTally();
  protected readonly owner: StageOwner;
  readonly #attempts: StageAttempts | undefined;

  constructor(stage: ResolvedStage, owner: StageOwner) {
    this.stage = stage;
    this.flow = stage.flow();
    this.owner = owner;
    if (!StageAttempts.isNeeded(stage)) return;
    this.#attempts = new StageAttempts(
      stage,
      (input, attempt) => this.#call(input, attempt),
      () => (this.tally.retried += 1),
    );
  }

  abstract begin(item: I, index: number, place: Place<I>): unknown;
  abstract done(item: I, value: unknown): I | Envelope;
  abstract failed(item: I, error: unknown): typeof NOTHING;

  stop(reason: unknown): void {
    this.owner.stopped(reason);
  }

  lingers(error: unknown): Promise<void> | undefined {
    return this.#attempts?.lingers(error);
  }

  /** The run is over. */
  end(): void {
    this.#attempts?.end();
  }

  /** @param place - where a call of a pool can be made that nothing is put around */
  protected run(input: unknown, index: number, place?: Place<I>): unknown {
    const { signal } = this.owner;
    if (this.#attempts) return this.#attempts.run(input, index, signal);
    const { makeCall } = this.stage;
    if (place === undefined || makeCall === undefined) return this.#call(input, { index, attempt: 1, signal });
    place.call(makeCall, input);
    return PLACED;
  }

  #call(input: unknown, context: Attempt): unknown {
    const { fn, isCallable } = this.stage;
    // What a function of a pool is given is sent: there, a context would be an argument too many.
    return isCallable ? fn(input) : fn(input, context satisfies StageContext);
  }
}

/** A stage whose function takes one item. */
export class ItemWork extends StageWork<Envelope> {
  readonly #isFirst: boolean;

  /** @param isFirst - whether items may be promises still */
  constructor(stage: ResolvedStage, owner: StageOwner, isFirst: boolean) {
    super(stage, owner);
    this.#isFirst = isFirst;
  }

  begin(envelope: Envelope, _index: number, place: Place<Envelope>): unknown {
    this.tally.in += 1;
    envelope.beganAt = performance.now();
    const arriving = this.#isFirst ? arrival(envelope) : undefined;
    return arriving ? this.#runLater(arriving, envelope) : this.run(envelope.value, envelope.index, place);
  }

  done(envelope: Envelope, value: unknown): Envelope {
    this.tally.ended(performance.now() - envelope.beganAt);
    this.tally.out += 1;
    envelope.value = value;
    return envelope;
  }

  failed(envelope: Envelope, error: unknown): typeof NOTHING {
    this.tally.ended(performance.now() - envelope.beganAt);
    this.tally.failed += 1;
    this.owner.failed(this.stage, envelope, error);
    return NOTHING;
  }

  /** By the time it arrives nobody may want it any more. */
  async #runLater(arriving: PromiseLike<void>, envelope: Envelope): Promise<unknown> {
    await arriving;
    const { signal } = this.owner;
    signal.throwIfAborted();
    const begun = this.run(envelope.value, envelope.index);
    return begun instanceof Future ? cancelledBy(signal, begun) : begun;
  }
}

/** A stage whose function takes several items at once. */
export class BatchWork extends StageWork<Envelope[]> {
  begin(batch: Envelope[], _index: number, place: Place<Envelope[]>): unknown {
    this.tally.in += batch.length;
    batch[0]!.beganAt = performance.now();
    const inputs = batch.map(({ value }) => value);
    return this.run(inputs, batch[0]!.index, place);
  }

  done(batch: Envelope[], value: unknown): Envelope[] | Envelope {
    const outputs = this.stage.batch!.isOne ? undefined : checkOutputs(this.stage.name, value, batch.length);
    const first = batch[0]!;
    this.tally.ended(performance.now() - first.beganAt);
    if (outputs === undefined) {
      this.tally.out += 1;
      first.count = batch.reduce((sum, { count }) => sum + count, 0);
      first.value = value;
      return first;
    }
    this.tally.out += batch.length;
    for (const [index, envelope] of batch.entries()) envelope.value = outputs[index];
    return batch;
  }

  failed(batch: Envelope[], error: unknown): typeof NOTHING {
    this.tally.ended(performance.now() - batch[0]!.beganAt);
    this.tally.failed += batch.length;
    for (const envelope of batch) this.owner.failed(this.stage, envelope, error);
    return NOTHING;
  }
}

function checkOutputs(name: string, value: unknown, length: number): readonly unknown[] {
  if (Array.isArray(value) && value.length === length) return value as readonly unknown[];
  const got = Array.isArray(value) ? `an array of ${value.length}` : typeof value;
  throw new TypeError(
    `Cannot take the results of stage '${name}' as its function must return an array of ${length}, one for each item of ` +
      `the batch: current value is ${got}`,
  );
}
