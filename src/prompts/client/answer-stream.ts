import type { Future } from "../../future/future.js";
import { attend } from "../../future/future.js";
import type { ModelAnswer } from "../provider.js";

/**
 * An answer, piece by piece as the model writes it. Iterate it once, with `for await`; leaving early gives the request up.
 * `answer` is the whole of it, with its usage.
 *
 * A request is made again only before its first piece came: what was read cannot be taken back.
 */
export class AnswerStream implements AsyncIterable<string> {
  /** The whole answer, once it is there. */
  readonly answer: Future<ModelAnswer>;
  readonly #pieces: string[] = [];
  #wake: (() => void) | undefined;
  #isOver = false;
  #isTaken = false;

  /** Streams are made by clients. */
  constructor(send: (onText: (piece: string) => void) => Future<ModelAnswer>) {
    this.answer = send((piece) => {
      this.#pieces.push(piece);
      this.#wake?.();
    });
    attend(this.answer, () => {
      this.#isOver = true;
      this.#wake?.();
    });
  }

  /** @throws {TypeError} when it is iterated already; then what the request failed with */
  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    if (this.#isTaken) throw new TypeError("Cannot iterate an answer as it is iterated already: use 'answer'");
    this.#isTaken = true;
    try {
      for (;;) {
        if (this.#pieces.length > 0) {
          const text = this.#pieces.join("");
          this.#pieces.length = 0;
          yield text;
        } else if (this.#isOver) {
          await this.answer;
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          this.#wake = undefined;
        }
      }
    } finally {
      this.answer.cancel();
    }
  }
}
