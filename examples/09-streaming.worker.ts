import { worker } from "manyhands";

class LogReader {
  #isOpen = false;
  #yielded = 0;

  /** An endless log with an error in every thousandth line. */
  async *lines(): AsyncGenerator<string, void, undefined> {
    this.#isOpen = true;
    try {
      for (let number = 1; ; number += 1) {
        this.#yielded = number;
        yield number % 1000 === 0 ? `ERROR in line ${number}` : `line ${number}`;
      }
    } finally {
      this.#isOpen = false;
    }
  }

  /** A plain generator streams as well. */
  *countdown(from: number): Generator<number, void, undefined> {
    for (let value = from; value > 0; value -= 1) yield value;
  }

  state(): { isOpen: boolean; yielded: number } {
    return { isOpen: this.#isOpen, yielded: this.#yielded };
  }
}

export const LogReaderWorker = worker(import.meta, LogReader);
