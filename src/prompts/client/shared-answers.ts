/**
 * In front of a client: answers that are there already, and requests that others are making too.
 *
 * Owns the requests under way by their key, and who waits for each. Does not own the cache.
 *
 * H1. A request that several wait for goes on until the last of them has left.
 * H2. A cache that fails, or does not answer, is no reason to fail a request: it is asked without.
 */
import { call } from "../../host/call-context.js";
import { machineClock } from "../../config/monotonic.js";
import { onAbort } from "../../config/on-abort.js";
import { settleWithin } from "../../flow/settle-within.js";
import type { Future } from "../../future/future.js";
import { worker } from "../../worker.js";
import type { ModelAnswer, ModelRequest } from "../provider.js";
import { unlessAborted } from "../wire/unless-aborted.js";
import type { AnswerCache } from "./answer-cache.js";
import type { AskOptions } from "./model-client.js";

/** What it stands in front of. */
export interface AnswerSource {
  readonly cache: AnswerCache | undefined;
  readonly isCoalescing: boolean;
  keyOf(request: ModelRequest): string;
  ask(request: ModelRequest, options: AskOptions): Future<ModelAnswer>;
  /** An answer was there already, or is being made for another. */
  onShared(how: "cached" | "coalesced"): void;
}

/** How long a cache may take, in ms. */
const PATIENCE = 10_000;

interface Flight {
  readonly key: string;
  readonly future: Future<ModelAnswer>;
  waiting: number;
}

class SharedAnswers {
  readonly #source: AnswerSource;
  readonly #flights = new Map<string, Flight>();

  constructor(source: AnswerSource) {
    this.#source = source;
  }

  async ask(request: ModelRequest, options: AskOptions): Promise<ModelAnswer> {
    const { signal } = call();
    const { cache, isCoalescing } = this.#source;
    const key = this.#source.keyOf(request);
    const kept = cache && (await this.#kept(cache, key, signal));
    if (kept) {
      this.#source.onShared("cached");
      return kept;
    }
    signal.throwIfAborted();
    const before = isCoalescing ? this.#flights.get(key) : undefined;
    if (before) this.#source.onShared("coalesced");
    const flight = before ?? this.#begin(key, request, options, cache);
    return this.#join(flight, signal);
  }

  async #kept(cache: AnswerCache, key: string, signal: AbortSignal): Promise<ModelAnswer | undefined> {
    try {
      const kept = cache.get(key);
      if (!(kept instanceof Promise)) return kept;
      return await settleWithin(
        PATIENCE,
        machineClock,
        () => unlessAborted(signal, kept),
        () => new Error("the cache does not answer"),
      );
    } catch {
      return undefined;
    }
  }

  #begin(key: string, request: ModelRequest, options: AskOptions, cache: AnswerCache | undefined): Flight {
    const future = this.#source.ask(request, options);
    const flight: Flight = { key, future, waiting: 0 };
    if (this.#source.isCoalescing) this.#flights.set(key, flight);
    const settled = async (): Promise<void> => {
      try {
        const answer = await future;
        // Before it leaves the flights: there is no moment in which it is in neither.
        await cache?.set(key, answer);
      } catch {
        // Who waits for it is told.
      } finally {
        this.#forget(flight);
      }
    };
    void settled();
    return flight;
  }

  async #join(flight: Flight, signal: AbortSignal): Promise<ModelAnswer> {
    flight.waiting += 1;
    let forget: (() => void) | undefined;
    try {
      const left = new Promise<never>((_, reject) => {
        forget = onAbort(signal, (reason) => reject(reason as Error));
      });
      return await Promise.race([flight.future, left]);
    } finally {
      forget?.();
      flight.waiting -= 1;
      if (flight.waiting === 0) {
        // H1. Nobody may join what is being given up.
        this.#forget(flight);
        flight.future.cancel();
      }
    }
  }

  #forget(flight: Flight): void {
    if (this.#flights.get(flight.key) === flight) this.#flights.delete(flight.key);
  }
}

export const SharedAnswersWorker = worker(import.meta, SharedAnswers, { name: "ModelClient" });
