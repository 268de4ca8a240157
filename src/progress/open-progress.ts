import { show } from "../config/show.js";
import { ProgressBar, type ProgressBarOptions } from "./progress-bar.js";

/** Whether many things show their progress: `true` for a bar as is usual for them, or options of it. */
export type ProgressOption = boolean | ProgressBarOptions;

/**
 * Opens the bar that an option `progress` asks for; whoever opens it must end it.
 *
 * @param defaults - what the options do not say
 * @returns `undefined` when no bar is asked for
 * @throws {TypeError | RangeError} for options that are not valid
 */
export function openProgress(
  option: ProgressOption | undefined,
  defaults: ProgressBarOptions,
): ProgressBar<never> | undefined {
  if (option === undefined || option === false) return undefined;
  if (option === true) return new ProgressBar<never>(defaults);
  if (typeof option === "object" && option !== null) {
    const given = Object.entries(option).filter(([, value]) => value !== undefined);
    return new ProgressBar<never>({ ...defaults, ...Object.fromEntries(given) });
  }
  throw new TypeError(
    `Cannot set 'progress' as it must be a boolean or the options of a progress bar: current value is ${show(option)}`,
  );
}
