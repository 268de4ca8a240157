import type { PromptMessage } from "../provider.js";
import type { ActionOptions, BackendChat } from "./backend.js";
import type { ModelAsker } from "./model-asker.js";

/** A conversation with a model, which is sent all that was said before each time, as far as it fits. */
export class ModelChat implements BackendChat {
  readonly #client: ModelAsker;
  readonly #system: string | undefined;
  readonly #length: number;

  /** @param length - characters that are sent at most */
  constructor(client: ModelAsker, system: string | undefined, length: number) {
    this.#client = client;
    this.#system = system;
    this.#length = length;
  }

  async send(prompt: string, { signal, priority }: ActionOptions, history: readonly PromptMessage[]): Promise<string> {
    return (await this.#client.ask({ messages: this.#messages(prompt, history) }, { signal, priority })).text;
  }

  stream(
    prompt: string,
    { signal, priority }: ActionOptions,
    history: readonly PromptMessage[],
  ): AsyncIterable<string> {
    return this.#client.stream({ messages: this.#messages(prompt, history) }, { signal, priority });
  }

  close(): void {}

  #messages(prompt: string, history: readonly PromptMessage[]): PromptMessage[] {
    const messages: PromptMessage[] = this.#system === undefined ? [] : [{ role: "system", content: this.#system }];
    let length = (this.#system?.length ?? 0) + prompt.length;
    let first = history.length;
    // By turns, oldest dropped first: an answer without its question would puzzle the model.
    while (first >= 2) {
      length += history[first - 1]!.content.length + history[first - 2]!.content.length;
      if (length > this.#length) break;
      first -= 2;
    }
    messages.push(...history.slice(first), { role: "user", content: prompt });
    return messages;
  }
}
