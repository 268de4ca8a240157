/**
 * Bars as lines of text, where the output is not a terminal.
 *
 * Owns a timer for the line that comes next. A bar that stays prints a line at its start and at its end; every bar
 * prints one each `interval` ms in between.
 *
 * L1. The timer runs while the bar is live, and keeps nothing alive.
 * L2. Where no timer fires, in a loop that never yields, the bar's own looks at the clock print the lines.
 */
import { lineText } from "./line-text.js";
import type { Meter } from "./meter.js";
import type { ProgressOutput } from "./progress-output.js";
import type { SafeWriter } from "./safe-writer.js";

export class Lines implements ProgressOutput {
  readonly #writer: SafeWriter;
  readonly #isColoured: boolean;
  #nextAt = Number.POSITIVE_INFINITY;
  #forgetTimer: (() => void) | undefined;

  constructor(writer: SafeWriter, isColoured: boolean) {
    this.#writer = writer;
    this.#isColoured = isColoured;
  }

  add(meter: Meter): void {
    const now = meter.clock.now();
    if (meter.stays) this.#print(meter, now);
    this.#await(meter, now);
  }

  look(meter: Meter, now: number): void {
    if (now >= this.#nextAt) this.#printInBetween(meter, now);
  }

  end(meter: Meter): void {
    this.#forgetTimer?.();
    this.#nextAt = Number.POSITIVE_INFINITY;
    if (meter.stays) this.#print(meter, meter.clock.now());
  }

  log(text: string): void {
    this.#writer.write(`${text}\n`);
  }

  #printInBetween(meter: Meter, now: number): void {
    this.#forgetTimer?.();
    this.#print(meter, now);
    this.#await(meter, now);
  }

  #await(meter: Meter, now: number): void {
    this.#nextAt = now + meter.interval;
    const fire = (): void => this.#printInBetween(meter, meter.clock.now());
    this.#forgetTimer = meter.clock.after(meter.interval, fire, true);
  }

  #print(meter: Meter, now: number): void {
    const names: string[] = [];
    for (let at: Meter | undefined = meter; at; at = at.parent)
      if (at.description !== "") names.unshift(at.description);
    this.#writer.write(`${lineText(meter.view(now), names.join(" > "), this.#isColoured)}\n`);
  }
}
