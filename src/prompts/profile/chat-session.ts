/**
 * A conversation.
 *
 * Owns what was said, and who speaks next. What the backend holds for it, such as a connection, it asks for with the
 * first question and lets go of when it closes.
 *
 * C1. One question at a time, in the order they were asked, also where one is asked before the last is answered.
 * C2. Only what was answered to its end becomes history: a question that failed was never asked.
 */
import { atLeast } from "../../config/at-least.js";
import { checkFields } from "../../config/check-fields.js";
import { show } from "../../config/show.js";
import { sharedController } from "../../config/shared-controller.js";
import { CancelledError } from "../../errors.js";
import { onAbort } from "../../config/on-abort.js";
import { Mutex } from "../../scope/mutex.js";
import type { PromptMessage } from "../provider.js";
import type { ActionOptions, Backend, BackendChat, ChatOptions } from "./backend.js";
import { checkActionOptions, checkPrompt } from "./check-action.js";
import { joinSignals } from "./join-signals.js";

/** Options of {@link ChatSession.send}. */
export type ChatSendOptions = Pick<ActionOptions, "signal" | "priority" | "params">;

/** A conversation with a model; `Profile.chatSession` begins one. */
export class ChatSession implements AsyncDisposable {
  readonly #backend: Backend;
  readonly #options: ChatOptions;
  readonly #maxTurns: number;
  readonly #onTurn: (isDone: boolean) => void;
  readonly #turn = new Mutex({ name: "chat session" });
  /** Fires when it closes. */
  readonly #ending = sharedController();
  #history: readonly PromptMessage[] = [];
  #opening: Promise<BackendChat> | undefined;
  #closing: Promise<void> | undefined;
  #onClose: () => void = () => {};

  /** Sessions are made by profiles. */
  constructor(backend: Backend, options: ChatOptions, onTurn: (isDone: boolean) => void) {
    checkFields("options", options, ["system", "maxTurns", "params"]);
    const { system, maxTurns = 20 } = options;
    if (system !== undefined && typeof system !== "string") {
      throw new TypeError(`Cannot set 'system' as it must be a string: current value is ${show(system)}`);
    }
    this.#maxTurns = atLeast("maxTurns", maxTurns, 1);
    this.#backend = backend;
    this.#options = options;
    this.#onTurn = onTurn;
  }

  /** What was said, oldest first: the last `maxTurns` questions, each with its answer. */
  get history(): readonly PromptMessage[] {
    return this.#history;
  }

  /**
   * Says something and returns the answer; waits for what was said before.
   *
   * Rejects as `Profile.chat` does, and with a `CancelledError` when the session is closed meanwhile.
   */
  async send(prompt: string, options: ChatSendOptions = {}): Promise<string> {
    this.#check(prompt, options);
    return this.#inTurn(prompt, options, (chat, own) => chat.send(prompt, own, this.#history));
  }

  /** Says something and gives the answer in pieces, as they come. Nothing is said before it is iterated. */
  stream(prompt: string, options: ChatSendOptions = {}): AsyncIterable<string> {
    this.#check(prompt, options);
    return this.#stream(prompt, options);
  }

  /** Gives up what is being asked, and ends the conversation. `await using` does so. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** For the profile, which forgets it then. */
  onClose(listener: () => void): void {
    this.#onClose = listener;
  }

  #check(prompt: unknown, options: ChatSendOptions): void {
    this.#ending.signal.throwIfAborted();
    checkActionOptions(this.#backend, "chat", options);
    checkPrompt("chat", prompt);
  }

  async #inTurn(
    prompt: string,
    options: ChatSendOptions,
    ask: (chat: BackendChat, options: ActionOptions) => PromiseLike<string>,
  ): Promise<string> {
    const { signal, forget } = joinSignals(options.signal, this.#ending.signal);
    try {
      using _turn = await this.#turn.acquire({ signal });
      const answer = await ask(await this.#open(), { ...options, signal });
      this.#remember(prompt, answer);
      this.#onTurn(true);
      return answer;
    } catch (error) {
      this.#onTurn(false);
      throw error;
    } finally {
      forget();
    }
  }

  async *#stream(prompt: string, options: ChatSendOptions): AsyncGenerator<string, void, undefined> {
    this.#ending.signal.throwIfAborted();
    const { signal, forget } = joinSignals(options.signal, this.#ending.signal);
    let isDone = false;
    let leave: (() => void) | undefined;
    try {
      using turn = await this.#turn.acquire({ signal });
      // A reader that stopped in the middle keeps this from going on, but not the session from ending.
      leave = onAbort(signal, () => turn.release());
      const chat = await this.#open();
      const own = { ...options, signal };
      let answer = "";
      if (chat.stream) {
        for await (const piece of chat.stream(prompt, own, this.#history)) {
          answer += piece;
          yield piece;
        }
      } else yield (answer = await chat.send(prompt, own, this.#history));
      this.#remember(prompt, answer);
      isDone = true;
    } finally {
      this.#onTurn(isDone);
      leave?.();
      forget();
    }
  }

  #open(): Promise<BackendChat> {
    this.#opening ??= Promise.resolve(this.#backend.openChat(this.#options));
    this.#opening.catch(() => (this.#opening = undefined));
    return this.#opening;
  }

  #remember(question: string, answer: string): void {
    const history: PromptMessage[] = [
      ...this.#history,
      { role: "user", content: question },
      { role: "assistant", content: answer },
    ];
    this.#history = history.slice(-2 * this.#maxTurns);
  }

  async #close(): Promise<void> {
    this.#ending.abort(new CancelledError("Cannot chat as the session is closed"));
    try {
      // What was being asked lets go of the conversation first.
      using _turn = await this.#turn.acquire();
      const chat = await this.#opening?.catch(() => undefined);
      await chat?.close();
    } finally {
      this.#onClose();
    }
  }
}
