import { Budget } from "./budget.js";
import { noQuota, type Problem, rateLimited, tooLarge } from "./problem.js";
import type { Settings, SimulatedKey } from "./simulation-options.js";

/** How requests of one key went. */
export interface KeyCounts {
  requests: number;
  answered: number;
  /** Those with status 429. */
  limited: number;
}

/** Who pays for requests: the limits of one API key, or of all clients where no keys are told apart. */
export class Account {
  readonly requests: Budget | undefined;
  readonly tokens: Budget | undefined;
  readonly counts: KeyCounts = { requests: 0, answered: 0, limited: 0 };
  #quota: number;

  constructor(settings: Settings, key: SimulatedKey, now: number) {
    const { rpm = settings.rpm, tpm = settings.tpm, quota = settings.quota } = key;
    this.requests = rpm === Number.POSITIVE_INFINITY ? undefined : new Budget(rpm, settings, now);
    this.tokens = tpm === Number.POSITIVE_INFINITY ? undefined : new Budget(tpm, settings, now);
    this.#quota = quota;
  }

  /** Takes a request and its tokens, or says what is against it and takes nothing. */
  admit(now: number, model: string, tokens: number): Problem | undefined {
    if (this.#quota <= 0) return noQuota();
    if (this.tokens && tokens > this.tokens.limit) return tooLarge(model, this.tokens.limit, tokens);
    const requestWait = this.requests?.wait(now, 1) ?? 0;
    const tokenWait = this.tokens?.wait(now, tokens) ?? 0;
    if (requestWait > 0 && requestWait >= tokenWait) return this.#refuse(now, model, "requests", 1, requestWait);
    if (tokenWait > 0) return this.#refuse(now, model, "tokens", tokens, tokenWait);
    this.#quota -= 1;
    this.requests?.take(now, 1);
    this.tokens?.take(now, tokens);
    return undefined;
  }

  #refuse(now: number, model: string, counted: "requests" | "tokens", requested: number, wait: number): Problem {
    const { limit = 0 } = this[counted] ?? {};
    const used = this[counted]?.used(now) ?? 0;
    return rateLimited(model, { counted, limit, used, requested, wait });
  }
}
