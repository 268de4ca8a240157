import type { JsonObject } from "./format.js";

/** A body or stream is not what its endpoint sends. Callers never see it: it becomes a `ModelError`. */
export class UnreadableError extends Error {
  override readonly name = "UnreadableError";
  /** Whether it broke off, so that the connection is to blame. */
  readonly isTorn: boolean;
  /** The event that tells of an error, where there is one. */
  readonly event: JsonObject | undefined;

  /** @param problem - to stand after "as", as in `"the response has no 'choices'"` */
  constructor(problem: string, isTorn = false, options: ErrorOptions & { readonly event?: JsonObject } = {}) {
    super(problem, options);
    this.isTorn = isTorn;
    this.event = options.event;
  }
}
