import type { ModelAnswer, ModelRequest } from "../provider.js";
import type { BackendStats } from "./backend.js";

/** How something is asked of a model. */
export interface AskerOptions {
  readonly signal?: AbortSignal | undefined;
  readonly priority?: number | undefined;
}

/** What a profile needs of a client of a model; a `ModelClient` has it. */
export interface ModelAsker {
  ask(request: ModelRequest, options?: AskerOptions): PromiseLike<ModelAnswer>;
  /** The pieces of the answer as they come. */
  stream(request: ModelRequest, options?: AskerOptions): AsyncIterable<string>;
  stats(): BackendStats;
  stop(options?: { timeout?: number }): Promise<void>;
}
