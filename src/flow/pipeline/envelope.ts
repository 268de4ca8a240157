import { keepShape } from "../../config/keep-shape.js";
import { isThenable, type NOTHING, type Work } from "../map-engine.js";
import { END, PENDING, type Source } from "../map-source.js";

/** An item on its way through a pipeline: each stage puts its output in the place of its input. */
export interface Envelope {
  /** The position of the item in the source of the pipeline, from 0. */
  readonly index: number;
  value: unknown;
  /** Items of the source that it stands for: several where a stage made one of a batch. */
  count: number;
  /** When the stage that has it began with it. */
  beganAt: number;
}

/** Puts the items of a source in envelopes. */
export class EnvelopeSource implements Source<Envelope> {
  readonly #source: Source<unknown>;
  #count = 0;

  static {
    keepShape(new EnvelopeSource({ pull: () => END, close: () => undefined }));
  }

  constructor(source: Source<unknown>) {
    this.#source = source;
  }

  /** Items taken so far. */
  get count(): number {
    return this.#count;
  }

  pull(wake: () => void): Envelope | typeof PENDING | typeof END {
    const value = this.#source.pull(wake);
    if (value === PENDING || value === END) return value;
    return { index: this.#count++, value, count: 1, beganAt: 0 };
  }

  close(): PromiseLike<unknown> | undefined {
    return this.#source.close();
  }
}

/** Waits for items that are promises, where the first stage does not do it itself. */
export class Intake implements Work<Envelope, Envelope> {
  readonly #failed: (envelope: Envelope, error: unknown) => typeof NOTHING;

  /** @param failed - what becomes of an item whose promise rejects */
  constructor(failed: (envelope: Envelope, error: unknown) => typeof NOTHING) {
    this.#failed = failed;
  }

  begin({ value }: Envelope): unknown {
    return value;
  }

  done(envelope: Envelope, value: unknown): Envelope {
    envelope.value = value;
    return envelope;
  }

  failed(envelope: Envelope, error: unknown): typeof NOTHING {
    return this.#failed(envelope, error);
  }

  stop(): void {}
}

/** Waits for the value of an envelope, if it is a promise; else `undefined`. */
export function arrival(envelope: Envelope): PromiseLike<void> | undefined {
  const { value } = envelope;
  if (!isThenable(value)) return undefined;
  return value.then((arrived) => {
    envelope.value = arrived;
  });
}
