import type { Account, ModelAnswer, ModelRequest, Provider } from "../provider.js";
import type { BackendStats } from "./backend.js";
import type { AskerOptions, ModelAsker } from "./model-asker.js";

/** Options of the client that a profile makes. */
export interface ClientOptions {
  readonly name?: string | undefined;
}

/** Makes the client of a profile over a model. */
export function openClient<A extends Account>(provider: Provider<A>, _options: ClientOptions): ModelAsker {
  return new PlainClient(provider);
}

/** Asks at once and once. */
class PlainClient<A extends Account> implements ModelAsker {
  readonly #provider: Provider<A>;
  #requests = 0;
  #answered = 0;
  #failed = 0;

  constructor(provider: Provider<A>) {
    this.#provider = provider;
  }

  async ask(request: ModelRequest, { signal }: AskerOptions = {}): Promise<ModelAnswer> {
    this.#requests += 1;
    try {
      const answer = await this.#provider.send(request, {
        account: this.#provider.accounts[0]!,
        signal: signal ?? new AbortController().signal,
        attempt: 1,
        onHeaders: () => {},
      });
      this.#answered += 1;
      return answer;
    } catch (error) {
      this.#failed += 1;
      throw error;
    }
  }

  async *stream(request: ModelRequest, options?: AskerOptions): AsyncGenerator<string, void, undefined> {
    yield (await this.ask(request, options)).text;
  }

  stats(): BackendStats {
    return { requests: this.#requests, answered: this.#answered, failed: this.#failed };
  }

  async stop(): Promise<void> {
    await this.#provider.close?.();
  }
}
