/** The bar of a mapping or a pipeline, where one was asked for. */
import { finish } from "../progress/finish.js";
import { openProgress, type ProgressOption } from "../progress/open-progress.js";
import type { ProgressBar, ProgressBarOptions } from "../progress/progress-bar.js";
import type { Ending } from "./mapping.js";

export class FlowProgress {
  readonly #option: ProgressOption | undefined;
  readonly #usual: ProgressBarOptions;
  readonly #signal: AbortSignal | undefined;
  #bar: ProgressBar<never> | undefined;

  /**
   * @param usual - what is known of the bar, where the option does not say otherwise
   * @param signal - what ends the work, where it is stopped and has not failed
   * @throws {TypeError} for what is no option of a bar
   */
  constructor(option: ProgressOption | undefined, usual: ProgressBarOptions, signal: AbortSignal | undefined) {
    this.#option = option;
    this.#usual = usual;
    this.#signal = signal;
    // It opens no bar, and says why.
    if (typeof option !== "boolean" && typeof option !== "object") openProgress(option, {});
  }

  /**
   * Shows the bar: the work begins.
   * @throws {TypeError | RangeError} for options of the bar that are not valid
   */
  open(): void {
    this.#bar = openProgress(this.#option, this.#usual);
  }

  advance(count: number, outcome: "success" | "failure"): void {
    this.#bar?.advance(count, outcome);
  }

  end(ending: Ending): void {
    if (!this.#bar) return;
    if (ending === "done") finish(this.#bar);
    else if (ending === "left" || this.#signal?.aborted) this.#bar.stop();
    else this.#bar.fail();
  }
}
