import { abortSignal } from "../../config/abort-signal.js";
import { checkFields } from "../../config/check-fields.js";
import { oneOf } from "../../config/one-of.js";
import { show } from "../../config/show.js";
import { type Action, type ActionOptions, ACTIONS, type Backend } from "./backend.js";

const ACTION_NAMES = Object.keys(ACTIONS) as readonly Action[];
/** Those that any action takes, and those of single ones. */
const COMMON: readonly (keyof ActionOptions)[] = ["signal", "priority", "params"];
const OWN: Partial<Record<Action, readonly (keyof ActionOptions)[]>> = {
  translate: ["from", "to"],
  summarize: ["instructions", "location"],
};

/** @throws {TypeError} for a word that is no action */
export function checkActionName(action: unknown): Action {
  return oneOf("action", action, ACTION_NAMES);
}

/**
 * Checks what an action is asked with, all but the prompt.
 *
 * @throws {TypeError | RangeError} for an option that is not valid, and for an action that cannot be done
 */
export function checkActionOptions(backend: Backend, action: Action, options: ActionOptions): void {
  checkFields("options", options, [...COMMON, ...(OWN[action] ?? [])]);
  const { priority, params } = options;
  abortSignal("signal", options.signal);
  if (priority !== undefined && !Number.isFinite(priority)) {
    throw new RangeError(`Cannot set 'priority' as it must be a finite number: current value is ${show(priority)}`);
  }
  for (const name of ["from", "to", "instructions", "location"] as const) {
    const value: unknown = options[name];
    if (value === undefined || (typeof value === "string" && value.trim() !== "")) continue;
    throw new TypeError(`Cannot set '${name}' as it must be a text: current value is ${show(value)}`);
  }
  if (params !== undefined && (typeof params !== "object" || params === null)) {
    throw new TypeError(`Cannot set 'params' as it must be an object: current value is ${show(params)}`);
  }
  if (action === "translate" && options.to === undefined) {
    throw new TypeError("Cannot translate as 'to' must be a language: current value is undefined");
  }
  const refusal = backend.refusal(action, options);
  if (refusal !== undefined) throw new TypeError(`Cannot ${action} as ${refusal}`);
}

/**
 * @param location - where the content lies, in place of a prompt
 * @throws {TypeError} when the prompt is no text, or an empty one
 */
export function checkPrompt(action: Action, prompt: unknown, location?: string): asserts prompt is string {
  if (location !== undefined) {
    if (prompt === "") return;
    throw new TypeError(`Cannot ${action} both a content and a 'location': leave the content empty`);
  }
  if (typeof prompt === "string" && prompt.trim() !== "") return;
  throw new TypeError(
    `Cannot ${action} as the prompt must be a text that is not empty: current value is ${show(prompt)}`,
  );
}
