/** The bar of a mapping or a pipeline, where one was asked for. */
import { openProgress, type ProgressOption } from "../progress/open-progress.js";
import type { ProgressBar } from "../progress/progress-bar.js";
import type { Ending } from "./mapping.js";

export class FlowProgress {
  readonly #option: ProgressOption | undefined;
  readonly #total: number | undefined;
  readonly #signal: AbortSignal | undefined;
  #bar: ProgressBar<never> | undefined;

  /**
   * @param total - how many items there are, where that is known
   * @param signal - what ends the work, where it is stopped and has not failed
   * @throws {TypeError} for what is no option of a bar
   */
  constructor(option: ProgressOption | undefined, total: number | undefined, signal: AbortSignal | undefined) {
    this.#option = option;
    this.#total = total;
    this.#signal = signal;
    // It opens no bar, and says why.
    if (typeof option !== "boolean" && typeof option !== "object") openProgress(option, {});
  }

  /**
   * Shows the bar: the work begins.
   * @throws {TypeError | RangeError} for options of the bar that are not valid
   */
  open(): void {
    this.#bar = openProgress(this.#option, this.#total === undefined ? {} : { total: this.#total });
  }

  advance(count: number, outcome: "success" | "failure"): void {
    this.#bar?.advance(count, outcome);
  }

  end(ending: Ending): void {
    if (ending === "done") this.#bar?.succeed();
    else if (ending === "left" || this.#signal?.aborted) this.#bar?.stop();
    else this.#bar?.fail();
  }
}
