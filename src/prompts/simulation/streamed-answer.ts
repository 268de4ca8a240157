import type { ServerResponse } from "node:http";
import type { Answer, Question, StreamDialect } from "./dialect.js";

/** How a stream ends: complete, in the middle of an event, or by a connection that is to be broken. */
export type StreamEnd = "whole" | "broken" | "reset";

/** How it is streamed. */
interface StreamPlan {
  readonly tokensPerSecond: number;
  /** Where it ends early, from 0 up to 1. */
  readonly ends: { readonly at: number; readonly how: "broken" | "reset" } | undefined;
  readonly onEnd: (how: StreamEnd) => void;
}

/** Many pieces a second are sent some at a time, as networks do. */
const LEAST_PAUSE = 5;

/** Writes an answer word by word, as fast as it is told to. */
export class StreamedAnswer {
  readonly #dialect: StreamDialect;
  readonly #question: Question;
  readonly #answer: Answer;
  readonly #response: ServerResponse;
  readonly #plan: StreamPlan;
  readonly #pieces: readonly string[];
  /** How many of them are sent. */
  readonly #last: number;
  #next = 0;
  #sentLength = 0;
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(dialect: StreamDialect, question: Question, answer: Answer, response: ServerResponse, plan: StreamPlan) {
    this.#dialect = dialect;
    this.#question = question;
    this.#answer = answer;
    this.#response = response;
    this.#plan = plan;
    this.#pieces = answer.text.match(/\s*\S+\s*$|\s*\S+/g) ?? [answer.text];
    this.#last = plan.ends ? Math.floor(this.#pieces.length * plan.ends.at) : this.#pieces.length;
  }

  start(): void {
    this.#startedAt = performance.now();
    this.#write(this.#dialect.open(this.#question, this.#answer));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  readonly #tick = (): void => this.#write("");

  #write(before: string): void {
    const due = (performance.now() - this.#startedAt) * this.#perMs();
    let text = before;
    while (this.#next < this.#last && this.#sentLength + this.#pieces[this.#next]!.length <= due) {
      const piece = this.#pieces[this.#next]!;
      text += this.#dialect.piece(this.#question, this.#answer, piece, this.#next);
      this.#sentLength += piece.length;
      this.#next += 1;
    }
    if (this.#next === this.#last) {
      this.#finish(text);
      return;
    }
    if (text !== "") this.#response.write(text);
    const pause = (this.#sentLength + this.#pieces[this.#next]!.length) / this.#perMs();
    const elapsed = performance.now() - this.#startedAt;
    this.#timer = setTimeout(this.#tick, Math.max(LEAST_PAUSE, Math.ceil(pause - elapsed)));
  }

  /** In characters, of which a token has four; endless where nothing is to be waited for. */
  #perMs(): number {
    return (this.#plan.tokensPerSecond * 4) / 1000;
  }

  #finish(text: string): void {
    const { ends, onEnd } = this.#plan;
    const closing = this.#dialect.close(this.#question, this.#answer, this.#pieces.length);
    if (!ends) {
      this.#response.end(text + closing);
      onEnd("whole");
    } else if (ends.how === "broken") {
      this.#response.end(text + closing.slice(0, Math.max(8, closing.length >> 1)));
      onEnd("broken");
    } else {
      this.#response.write(text === "" ? ": simulated\n\n" : text, () => onEnd("reset"));
    }
  }
}
