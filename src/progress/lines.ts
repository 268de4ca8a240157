import type { Meter } from "./meter.js";
import type { ProgressOutput, ProgressStream } from "./progress-output.js";

/** Shows bars as lines of text, one now and then. */
export class Lines implements ProgressOutput {
  readonly #stream: ProgressStream;
  readonly #nextAt = new Map<Meter, number>();

  constructor(stream: ProgressStream) {
    this.#stream = stream;
  }

  add(meter: Meter): void {
    this.#print(meter, meter.clock.now());
  }

  look(meter: Meter, now: number): void {
    if (now >= (this.#nextAt.get(meter) ?? 0)) this.#print(meter, now);
  }

  end(meter: Meter): void {
    this.#print(meter, meter.clock.now());
  }

  log(text: string): void {
    this.#stream.write(`${text}\n`);
  }

  #print(meter: Meter, now: number): void {
    this.#nextAt.set(meter, now + meter.interval);
    const { description, done, total, unit, ending } = meter.view(now);
    this.#stream.write(`${description}: ${done}${total === undefined ? "" : `/${total}`} ${unit} ${ending ?? ""}\n`);
  }
}
