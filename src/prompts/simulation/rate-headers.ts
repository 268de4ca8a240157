/** What responses say of limits, as the vendors spell it. */
import type { Account } from "./account.js";
import type { Budget } from "./budget.js";

/** Adds the headers of an account: names and values in turn. */
export function addRateHeaders(headers: string[], account: Account, vendor: "openai" | "anthropic", now: number): void {
  const add = vendor === "openai" ? addOpenAI : addAnthropic;
  if (account.requests) add(headers, "requests", account.requests, now);
  if (account.tokens) add(headers, "tokens", account.tokens, now);
}

function addOpenAI(headers: string[], counted: string, budget: Budget, now: number): void {
  headers.push(
    `x-ratelimit-limit-${counted}`,
    String(budget.limit),
    `x-ratelimit-remaining-${counted}`,
    String(budget.remaining(now)),
    `x-ratelimit-reset-${counted}`,
    goDuration(budget.reset(now)),
  );
}

function addAnthropic(headers: string[], counted: string, budget: Budget, now: number): void {
  headers.push(
    `anthropic-ratelimit-${counted}-limit`,
    String(budget.limit),
    `anthropic-ratelimit-${counted}-remaining`,
    String(budget.remaining(now)),
    `anthropic-ratelimit-${counted}-reset`,
    // In whole seconds, as theirs are; rounded up, for it to be true.
    new Date(Math.ceil((Date.now() + budget.reset(now)) / 1000) * 1000).toISOString().replace(".000Z", "Z"),
  );
}

/** A duration as Go prints it, and so OpenAI: `12ms`, `1.5s`, `6m0s`, `1h0m0s`. */
export function goDuration(ms: number): string {
  const whole = Math.ceil(ms);
  if (whole < 1000) return `${whole}ms`;
  const seconds = `${(whole % 60_000) / 1000}s`;
  if (whole < 60_000) return seconds;
  const minutes = `${Math.floor(whole / 60_000) % 60}m${seconds}`;
  return whole < 3_600_000 ? minutes : `${Math.floor(whole / 3_600_000)}h${minutes}`;
}

/** Adds when to try again. */
export function addRetryAfter(headers: string[], form: "seconds" | "ms" | "date" | "none", ms: number): void {
  if (form === "seconds") headers.push("retry-after", String(Math.ceil(ms / 1000)));
  if (form === "ms") headers.push("retry-after-ms", String(Math.ceil(ms)));
  if (form === "date") {
    headers.push("retry-after", new Date(Math.ceil((Date.now() + ms) / 1000) * 1000).toUTCString());
  }
}
