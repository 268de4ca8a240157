/**
 * Writes to a stream whose errors are nobody's business: progress that cannot be shown is no reason to end a program,
 * as an `error` event nobody listens for would.
 *
 * W1. After an error nothing more is written.
 * W2. Errors are listened for only while something is being written, with one listener.
 */
import type { ProgressStream } from "./progress-output.js";

export class SafeWriter {
  readonly stream: ProgressStream;
  /** The stream's own, whatever it is replaced by later. */
  readonly #write: ProgressStream["write"];
  #isBroken = false;
  #pending = 0;

  constructor(stream: ProgressStream) {
    this.stream = stream;
    this.#write = stream.write;
  }

  /** Whether the stream would keep what it is given in memory: what is not needed is not written then. */
  get isBusy(): boolean {
    return this.stream.writableNeedDrain === true;
  }

  write(text: string): void {
    if (this.#isBroken) return;
    if (this.#pending === 0) this.stream.on?.("error", this.#break);
    this.#pending += 1;
    try {
      this.#write.call(this.stream, text, (error?: Error | null) => {
        if (error) this.#isBroken = true;
        // The event of an error comes after this.
        setImmediate(this.#forget).unref();
      });
    } catch {
      this.#isBroken = true;
      this.#forget();
    }
  }

  readonly #break = (): void => {
    this.#isBroken = true;
  };

  readonly #forget = (): void => {
    this.#pending -= 1;
    if (this.#pending === 0) this.stream.off?.("error", this.#break);
  };
}
