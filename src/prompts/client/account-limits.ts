/**
 * The limits of one account of a model, and what its responses say of them.
 *
 * Owns the limit set that requests take from, whose `config` is this object; whether the account has been tried yet, and
 * whether it is exhausted. Does not own the requests, nor who retries them.
 *
 * States: untried (one request at a time; not where nothing can be learned from it) → open → exhausted (nothing is granted
 * any more).
 *
 * N1. What is given is kept; what is not is learned from the headers of responses, and unlimited until they tell. Their
 *     `remaining` is a cap besides.
 * N2. After a 429 nothing is sent by this account until the server's time is over, whichever request met it; then it begins
 *     again gently. Any other failure holds up only the request that met it.
 * N3. Requests flow evenly: a server that says "per minute" may count by the second. Tokens flow evenly as well, but what is
 *     given back by requests that took less counts whole, however late it comes. Of what is not used for some other limit's
 *     sake, no more is saved up than a few seconds' worth, or the largest request takes.
 */
import type { ModelFailure } from "../../errors.js";
import type { Grant } from "../../limits/grant.js";
import { headerLines } from "../../limits/headers/header-lines.js";
import { type HeadersLike, readHeaders, type ServerBudget } from "../../limits/headers/read-headers.js";
import { separateBudgets } from "../../limits/headers/separate-budgets.js";
import type { Limit } from "../../limits/limit.js";
import { LimitSet } from "../../limits/limit-set.js";
import { RateLimit, CallLimit } from "../../limits/rate-limit.js";
import { ResourceLimit } from "../../limits/resource-limit.js";
import type { Failure } from "../failure.js";
import { Crowd } from "./crowd.js";
import type { Account } from "../provider.js";

/** What is known of an account before any request. */
export interface AccountOptions {
  /** Requests per minute; `Infinity` where there is no limit. */
  readonly rpm: number | undefined;
  /** Tokens per minute, of prompts and answers together; `Infinity` likewise. */
  readonly tpm: number | undefined;
  /** The most requests at once. */
  readonly concurrency: number;
  /** Limits of the caller's own, which take the place of those with the same key. */
  readonly others: readonly Limit[];
}

/** How an account is doing. */
export interface AccountStats {
  readonly name: string;
  /** Whether it is left out: it has nothing left to spend, or its key is refused and another account's may do. */
  readonly isExhausted: boolean;
  /** For how long nothing is sent, in ms, as the server asked; 0 when it is not paused. */
  readonly pausedFor: number;
  readonly inFlight: number;
  /** Requests and tokens per minute, as given or as learned from the server; `undefined` while not known, or without a limit. */
  readonly rpm: number | undefined;
  readonly tpm: number | undefined;
}

const MINUTE = 60_000;
/** What is not used for so long, in ms, is not saved up for later. */
const IDLE = 1000;
const NO_BUDGET: ServerBudget = {
  key: undefined,
  limit: undefined,
  remaining: undefined,
  resetAfter: undefined,
  window: undefined,
};
/** What stands for "no limit": a finite number, as capacities are. */
const UNLIMITED = 1e12;
/** Of a rate, so much is used: clocks differ, and requests do not all take equally long to arrive. */
const USED_SHARE = 0.995;
/** Requests that may go at once after a pause, as a share of those in a minute. */
const BURST_SHARE = 0.001;
/** One at once, and the next no later where one came a little late. */
const LEAST_BURST = 1.1;
/** Of a low rate so much is used, at least. */
const LEAST_SHARE = 0.9;
const FEW = 100;
/** Tokens that may go at once after a pause, as a share of those in a minute: 0.3 s of them. */
const TOKEN_START_SHARE = 0.3 / 60;
/** Tokens that are saved up at most: 5 s of them, or those of the largest request and a little. */
const SAVED_SHARE = 5 / 60;
const SAVED_REQUESTS = 1.25;
/** In ms. */
const TRIM_EVERY = 200;
/** No account is told the outcome of its first request later than this, in ms: then the others go all the same. */
const TRIAL = 1000;
/** After a 429 that does not say how long to wait, in ms; doubled with each that follows. */
const PAUSE = 1000;
const LONGEST_PAUSE = 60_000;
/** The same after one that says to come back at once. */
const SHORT_PAUSE = 100;
/** A request that was refused so often while others passed waits by itself: it may be too large for the limit. */
const SHARED_PAUSES = 3;
/** So many pauses in so many ms are more than chance. */
const FEW_REFUSALS = 3;
const A_WHILE = 30_000;
/** As long as a timer can wait, about 24 days. */
const FOR_EVER = 0x7fff_ffff;
const NOT_TAKEN: ReadonlySet<ModelFailure> = new Set(["rate-limit", "overloaded", "server", "quota"]);
const ANSWERED: ReadonlySet<ModelFailure> = new Set(["rate-limit", "refused", "malformed"]);

/** What is counted, by the key of its limit; the first two can be given. */
const RATES = ["calls", "tokens", "input-tokens", "output-tokens"] as const;
/** Requests in an hour or a day: they need not flow evenly. */
const LONG = "calls-in-long";
type RateKey = (typeof RATES)[number];

interface Pace {
  readonly capacity: number;
  /** In ms. */
  readonly window: number;
  readonly burst?: number;
  readonly algorithm: "token-bucket";
}

interface Rate {
  readonly limit: Pick<RateLimit, "resize"> & Limit;
  /** In a minute; `undefined` while not known. */
  perMinute: number | undefined;
  /** Given, or the caller's own: servers do not change it. */
  readonly isFixed: boolean;
}

export class AccountLimits<A extends Account = Account> {
  readonly account: A;
  /** The most requests at once. */
  readonly concurrency: number;
  readonly set: LimitSet<AccountLimits<A>>;
  readonly #rates: ReadonlyMap<RateKey, Rate>;
  readonly #trial = new ResourceLimit({ key: "trial", capacity: 1 });
  readonly #longCalls = new CallLimit({ ...pace("tokens", UNLIMITED), key: LONG });
  readonly #crowd: Crowd;
  #isOpen = false;
  #trialTimer: NodeJS.Timeout | undefined;
  #isExhausted = false;
  #inFlight = 0;
  #idleSince = performance.now();
  #trimmedAt = this.#idleSince;
  /** When the last few pauses began. */
  #refusedAt: readonly number[] = [];
  /** Tokens of the largest request so far. */
  #largest = 0;
  /** 429s without a time, one after the other. */
  #pauses = 0;

  constructor(account: A, { rpm, tpm, concurrency, others }: AccountOptions) {
    this.account = account;
    this.concurrency = concurrency;
    const given: Partial<Record<RateKey, number | undefined>> = { calls: rpm, tokens: tpm };
    const keys = new Set(others.map(({ key }) => key));
    this.#rates = new Map(
      RATES.map((key) => {
        const rate = makeRate(key, given[key]);
        // The caller's own may be kept in another way, and be shared: it is neither paced nor learned here.
        return [key, keys.has(key) ? { ...rate, perMinute: undefined, isFixed: true } : rate];
      }),
    );
    this.#crowd = new Crowd(concurrency, () => performance.now());
    const own: Limit[] = [
      this.#trial,
      this.#crowd.limit,
      ...[...this.#rates.values()].map(({ limit }) => limit),
      this.#longCalls,
    ];
    this.set = new LimitSet([...own.filter(({ key }) => !keys.has(key)), ...others], { config: this });
    this.#start(0);
    // Told how many requests to send, and that tokens do not matter: there is nothing to wait for.
    if (rpm !== undefined && tpm === Number.POSITIVE_INFINITY) this.#open();
  }

  get isExhausted(): boolean {
    return this.#isExhausted;
  }

  /** The most tokens that one request can be said to take: more can never be granted. */
  most(key: RateKey): number {
    const rate = this.#rates.get(key)!;
    return (rate.perMinute ?? UNLIMITED) / 2;
  }

  /** While the account is tried, how many of those that wait will be sent at once when it works. */
  get following(): (() => number) | undefined {
    return this.#isOpen ? undefined : this.#following;
  }

  /** A request that takes so many tokens is to be sent, by this account or another. */
  expect(tokens: number): void {
    if (tokens > this.#largest) this.#largest = tokens;
  }

  /** A request is sent. */
  began(): void {
    const now = performance.now();
    if (this.#inFlight === 0 && now - this.#idleSince > IDLE) this.#start(0);
    else if (now - this.#trimmedAt > TRIM_EVERY) this.#trim(now);
    this.#inFlight += 1;
    if (this.#isOpen || this.#trialTimer) return;
    this.#trialTimer = setTimeout(() => this.#open(), TRIAL).unref();
  }

  ended(): void {
    this.#inFlight -= 1;
    this.#idleSince = performance.now();
  }

  /** The headers of a response are there. */
  heard(headers: HeadersLike): void {
    const budgets = budgetsIn(headers);
    if (budgets.length === 0) return;
    for (const budget of budgets) this.#adopt(budget);
    this.set.heed({ retryAfter: undefined, budgets: budgets.map((budget) => this.#capOf(budget)) });
  }

  succeeded(): void {
    this.#pauses = 0;
    this.#crowd.succeeded(this.#inFlight);
    this.#open();
  }

  /** An attempt failed: sees to it that no other fails for the same reason, and settles what it took. */
  failed(failure: Failure, attempt: number, grant: Grant): void {
    const { failure: how } = failure;
    // First: what is given back below goes to the next at once.
    if (how === "quota") this.#exhaust();
    else if (how === "rate-limit") this.#throttled(failure, attempt);
    // What was not taken on is not counted; where that is not known, it may have been.
    if (NOT_TAKEN.has(how)) grant.update({ tokens: 0, "input-tokens": 0, "output-tokens": 0 });
    grant.release(how === "rate-limit" ? "dropped" : "ignored");
    // It answers: whatever it says of this request.
    if (ANSWERED.has(how)) this.#open();
  }

  stats(): AccountStats {
    const { pausedFor } = this.set.stats();
    return {
      name: this.account.name,
      isExhausted: this.#isExhausted,
      pausedFor: this.#isExhausted ? 0 : pausedFor,
      inFlight: this.#inFlight,
      rpm: this.#rates.get("calls")!.perMinute,
      tpm: this.#rates.get("tokens")!.perMinute,
    };
  }

  close(): void {
    clearTimeout(this.#trialTimer);
  }

  readonly #following = (): number => {
    const perMinute = this.#rates.get("calls")!.perMinute ?? UNLIMITED;
    return Math.min(this.concurrency - 1, this.set.stats().waiting, Math.ceil((perMinute * TRIAL) / MINUTE));
  };

  /** The account works: as many requests at once as may be. */
  #open(): void {
    clearTimeout(this.#trialTimer);
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#trial.resize(UNLIMITED);
  }

  /** There is nothing left to spend. */
  #exhaust(): void {
    this.#isExhausted = true;
    this.set.pause(FOR_EVER);
  }

  /** N2 */
  #throttled({ retryAfter }: Failure, attempt: number): void {
    if (attempt > SHARED_PAUSES) return;
    const isAnew = this.set.stats().pausedFor === 0;
    if (isAnew) this.#refusedAt = [...this.#refusedAt.slice(1 - FEW_REFUSALS), performance.now()];
    const unsaid = Math.min(LONGEST_PAUSE, (retryAfter === 0 ? SHORT_PAUSE : PAUSE) * 2 ** this.#pauses);
    // "At once" is no time either: it would be refused again.
    const asked = retryAfter === 0 ? undefined : retryAfter;
    const wasTried = this.#isCrowded() && this.#crowd.refused(this.#inFlight - 1, isAnew);
    // Those that were refused together wait together: no longer for their number.
    if (asked === undefined && (wasTried || !isAnew)) return;
    if (asked === undefined) this.#pauses += 1;
    const pause = asked ?? unsaid;
    this.set.pause(pause);
    this.#start(pause);
  }

  /** Whether it may be the number of requests at once that is refused: they keep to a rate that is known, and in vain. */
  #isCrowded(): boolean {
    if (this.#rates.get("calls")!.perMinute === undefined) return true;
    return this.#refusedAt.length === FEW_REFUSALS && performance.now() - this.#refusedAt[0]! < A_WHILE;
  }

  /** Takes a limit that the server names (N1). */
  #adopt({ key, limit, window }: ServerBudget): void {
    const name = rateKeyOf(key);
    const rate = name && this.#rates.get(name);
    if (!rate || limit === undefined || limit <= 0) return;
    if (name === "calls" && isLong(window)) {
      this.#longCalls.resize(Math.max(1, limit), window);
      return;
    }
    if (rate.isFixed) return;
    const perMinute = (limit * MINUTE) / (window ?? MINUTE);
    if (rate.perMinute === perMinute) return;
    const isNew = rate.perMinute === undefined;
    rate.perMinute = perMinute;
    const { capacity, window: every } = pace(name, perMinute);
    rate.limit.resize(capacity, every);
    if (isNew) this.#startRate(name, rate, 0);
  }

  /** N3 */
  #trim(now: number): void {
    this.#trimmedAt = now;
    for (const [key, { perMinute }] of this.#rates) {
      if (key === "calls" || perMinute === undefined) continue;
      this.#cap(key, Math.max(perMinute * SAVED_SHARE, this.#largest * SAVED_REQUESTS));
    }
  }

  #cap(key: RateKey, remaining: number): void {
    this.set.heed({ retryAfter: undefined, budgets: [{ ...NO_BUDGET, key, remaining }] });
  }

  /** Nothing was saved up `after` ms from now: tokens flow evenly from there (N3). */
  #start(after: number): void {
    for (const [key, rate] of this.#rates) this.#startRate(key, rate, after);
  }

  #startRate(key: RateKey, { perMinute }: Rate, after: number): void {
    if (key === "calls" || perMinute === undefined) return;
    this.#cap(key, perMinute * (TOKEN_START_SHARE - (after / MINUTE) * USED_SHARE));
  }

  /**
   * A budget as a cap. The reset of one that is used up says when it is whole again, which at a known rate is of no use: some
   * of it is there much earlier.
   */
  #capOf(budget: ServerBudget): ServerBudget {
    const key = rateKeyOf(budget.key);
    if (key === "calls" && isLong(budget.window)) return { ...budget, key: LONG, resetAfter: undefined };
    const rate = key && this.#rates.get(key)!;
    return rate && (rate.isFixed || rate.perMinute !== undefined) ? { ...budget, resetAfter: undefined } : budget;
  }
}

/** Those that a package is missing for are left out: no answer is lost for it. */
function budgetsIn(headers: HeadersLike): readonly ServerBudget[] {
  try {
    return readHeaders(headers, Date.now()).budgets;
  } catch {
    return separateBudgets(headerLines(headers), Date.now());
  }
}

function isLong(window: number | undefined): window is number {
  return window !== undefined && window > MINUTE;
}

function rateKeyOf(key: string | undefined): RateKey | undefined {
  const name = key === undefined || key === "requests" ? "calls" : key;
  return RATES.find((rate) => rate === name);
}

function makeRate(key: RateKey, perMinute: number | undefined): Rate {
  const known = perMinute === Number.POSITIVE_INFINITY ? undefined : perMinute;
  const options = { key, ...pace(key, known ?? UNLIMITED) };
  const limit = key === "calls" ? new CallLimit(options) : new RateLimit(options);
  return { limit, perMinute: known, isFixed: perMinute !== undefined };
}

/** How a rate is kept, so that no minute sees more (N3). The burst of requests that are not limited yet follows the limit. */
function pace(key: RateKey, perMinute: number): Pace {
  const used = perMinute * USED_SHARE;
  if (key !== "calls") return { capacity: used, window: MINUTE, burst: UNLIMITED, algorithm: "token-bucket" };
  if (perMinute === UNLIMITED) return { capacity: used, window: MINUTE, algorithm: "token-bucket" };
  const burst = Math.max(LEAST_BURST, used * BURST_SHARE);
  const capacity = Math.max(used - burst, used * LEAST_SHARE);
  // Of few in a minute one in so much less, or more: whole numbers of so few would lose much.
  const isFew = capacity < FEW;
  return {
    capacity: isFew ? 1 : capacity,
    window: isFew ? MINUTE / capacity : MINUTE,
    burst,
    algorithm: "token-bucket",
  };
}
