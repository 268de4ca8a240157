import type { Account, ModelAnswer, ModelRequest, Provider, SendContext } from "manyhands/prompts";

type Send = (request: ModelRequest, context: SendContext, text: string) => unknown;

/** A provider of the test's own: answers are texts, or whatever `send` throws. */
export class FakeProvider implements Provider {
  readonly name = "fake";
  readonly model = "fake-1";
  readonly accounts: readonly Account[];
  /** The last message of each attempt, in the order in which they were made. */
  readonly sent: string[] = [];
  inFlight = 0;
  mostInFlight = 0;
  closed = 0;
  readonly #send: Send;

  constructor(send: Send = (_request, _context, text) => `to ${text}`, accounts: readonly Account[] = [{ name: "a" }]) {
    this.#send = send;
    this.accounts = accounts;
  }

  async send(request: ModelRequest, context: SendContext): Promise<ModelAnswer> {
    const text = request.messages?.at(-1)?.content ?? request.input?.join() ?? JSON.stringify(request.body);
    this.sent.push(text);
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    try {
      const answer = await this.#send(request, context, text);
      return typeof answer === "string" ? answerOf(answer) : (answer as ModelAnswer);
    } finally {
      this.inFlight -= 1;
    }
  }

  close(): void {
    this.closed += 1;
  }
}

export function answerOf(text: string, input = 10, output = 5): ModelAnswer {
  return { text, usage: { input, output }, finishReason: "stop", model: "fake-1", body: {} };
}

/** A promise, and what settles it. */
export function deferred<T = void>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
} {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
