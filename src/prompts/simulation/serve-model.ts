import { ModelServer } from "./model-server.js";
import { resolveSettings, type SimulationOptions } from "./simulation-options.js";
import type { SimulationStats } from "./simulation-stats.js";

/** A simulated model that listens. */
export interface SimulatedModel extends AsyncDisposable {
  /** What clients take as their base URL, as in `http://127.0.0.1:8080/v1`. */
  readonly url: string;
  stats(): SimulationStats;
  /**
   * Takes no more requests, gives those that are being answered up to a second, and closes every connection. Never
   * rejects; the model is gone when it resolves.
   */
  close(): Promise<void>;
}

/**
 * Starts a simulated model in this process: a server that speaks as OpenAI's and Anthropic's do, with latency, limits and
 * faults, for tests, demonstrations and load tests. It says in each answer that it is simulated.
 *
 * Answers depend on the seed and the prompt only. A token is four characters, rounded up.
 *
 * @throws {TypeError | RangeError} for options that are not valid
 * @throws {Error} when the port cannot be had, with the error of the system as its cause
 * @example
 * await using model = await serveModel({ latency: 100, rpm: 6000, tpm: 900_000, faults: 0.02 });
 * const response = await fetch(`${model.url}/chat/completions`, {
 *   method: "POST",
 *   body: JSON.stringify({ model: "any", messages: [{ role: "user", content: "Hello" }] }),
 * });
 */
export async function serveModel(options: SimulationOptions = {}): Promise<SimulatedModel> {
  const server = new ModelServer(resolveSettings(options));
  const url = await server.listen();
  return {
    url,
    stats: () => server.stats(),
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  };
}
