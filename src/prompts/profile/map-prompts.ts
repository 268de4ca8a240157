import { map, type SettledItem } from "../../flow/map.js";
import type { FlowOptions } from "../../flow/map-options.js";
import type { AnyIterable } from "../../flow/map-source.js";
import type { Mapping } from "../../flow/mapping.js";
import type { ProgressOption } from "../../progress/open-progress.js";
import type { Action, ActionOptions, ActionResult } from "./backend.js";
import { checkActionName } from "./check-action.js";

/** How many actions run at once where nothing is said, as many as a client of a model asks at once. */
export const CONCURRENCY = 64;

/** Options of `Profile.map`. `concurrency` is 64 by default. */
export interface ProfileMapOptions<T extends Action = Action> extends FlowOptions, ActionOptions {
  /**
   * What is done with each prompt.
   *
   * @default "chat"
   */
  readonly action?: T | undefined;
  /** Ends the mapping when it fires: it rejects with the signal's reason at once, and what is asked is given up. */
  readonly signal?: AbortSignal | undefined;
  /** Shows a bar of the outcomes that were taken. */
  readonly progress?: ProgressOption | undefined;
}

/** Does an action for each prompt. */
export function mapPrompts<T extends Action>(
  prompts: AnyIterable<string>,
  options: ProfileMapOptions<T>,
  check: (action: Action, options: ActionOptions) => void,
  run: (action: T, prompt: string, options: ActionOptions) => Promise<ActionResult<T>>,
): Mapping<SettledItem<string, ActionResult<T>>> {
  const { action: asked = "chat" as T, ordered, concurrency, window, signal, progress, ...others } = options;
  const action = checkActionName(asked) as T;
  check(action, others);
  return map(prompts, (prompt, context) => run(action, prompt, { ...others, signal: context.signal }), {
    ordered,
    concurrency: concurrency ?? Math.min(CONCURRENCY, window ?? CONCURRENCY),
    window,
    signal,
    progress,
    settled: true,
  }) as Mapping<SettledItem<string, ActionResult<T>>>;
}
