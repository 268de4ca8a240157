import { abortSignal } from "../../config/abort-signal.js";
import { atLeast } from "../../config/at-least.js";
import { checkFields } from "../../config/check-fields.js";
import { checkFlag } from "../../config/check-flag.js";
import { show } from "../../config/show.js";
import { map } from "../../flow/map.js";
import type {
  Action,
  ActionOptions,
  BackendPipelineOptions,
  PromptAction,
  SettledAction,
  SqlResult,
} from "./backend.js";
import { checkActionName } from "./check-action.js";
import { CONCURRENCY } from "./map-prompts.js";

/** Options of `Profile.runPipeline`. */
export interface RunPipelineOptions {
  /**
   * Whether an action that fails has its error in the list, and the others go on.
   *
   * @default false
   */
  readonly continueOnError?: boolean | undefined;
  /**
   * How many run at once, where each is asked alone.
   *
   * @default 64
   */
  readonly concurrency?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What does them. */
interface ActionRunner {
  /** @throws for a prompt or an action that is not valid */
  check(action: Action, prompt: unknown): void;
  run(action: Action, prompt: string, options: ActionOptions): Promise<string | SqlResult>;
  /** Does all of them in one go, where that is cheaper. */
  readonly together:
    | ((actions: readonly PromptAction[], options: BackendPipelineOptions) => PromiseLike<readonly SettledAction[]>)
    | undefined;
  /** Counts one that was done together with others. */
  count(action: Action, isDone: boolean): void;
}

/** Does a list of actions; results and, where wanted, errors are in its order. */
export async function runActions(
  actions: readonly PromptAction[],
  options: RunPipelineOptions,
  runner: ActionRunner,
): Promise<(string | SqlResult | Error)[]> {
  checkFields("options", options, ["continueOnError", "concurrency", "signal"]);
  const { continueOnError = false, concurrency = CONCURRENCY } = options;
  checkFlag("continueOnError", continueOnError);
  atLeast("concurrency", concurrency, 1);
  const signal = abortSignal("signal", options.signal);
  checkActions(actions, runner);
  if (actions.length === 0) return [];
  const settled = runner.together
    ? await runTogether(actions, { continueOnError, signal }, runner, runner.together)
    : await map(actions, ([prompt, action], context) => runner.run(action, prompt, { signal: context.signal }), {
        concurrency,
        signal,
        settled: continueOnError as true,
      });
  if (!runner.together && !continueOnError) return settled as unknown as (string | SqlResult)[];
  return settled.map((outcome) => (outcome.status === "fulfilled" ? outcome.value : asError(outcome.reason)));
}

function checkActions(actions: unknown, runner: ActionRunner): asserts actions is readonly PromptAction[] {
  if (!Array.isArray(actions)) {
    throw new TypeError(`Cannot run a pipeline of no list of [prompt, action]: current value is ${show(actions)}`);
  }
  for (const [index, pair] of actions.entries()) {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new TypeError(
        `Cannot run a pipeline as item ${index} must be [prompt, action]: current value is ${show(pair)}`,
      );
    }
    const [prompt, action] = pair as [unknown, unknown];
    runner.check(checkActionName(action), prompt);
  }
}

async function runTogether(
  actions: readonly PromptAction[],
  options: BackendPipelineOptions,
  runner: ActionRunner,
  together: NonNullable<ActionRunner["together"]>,
): Promise<readonly SettledAction[]> {
  const settled = await together(actions, options);
  for (const [index, [, action]] of actions.entries()) runner.count(action, settled[index]?.status === "fulfilled");
  return settled;
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason), { cause: reason });
}
