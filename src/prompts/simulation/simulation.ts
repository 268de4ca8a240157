import { Account } from "./account.js";
import { createAnswer } from "./create-answer.js";
import type { Answer, Dialect, Question } from "./dialect.js";
import { type Fault, FaultPlan } from "./fault-plan.js";
import { invalidKey, tooManyAtOnce } from "./problem.js";
import { draw, hashText } from "./random.js";
import type { Settings } from "./simulation-options.js";
import type { SimulationStats } from "./simulation-stats.js";

const LATENCY = 505;

/** What becomes of a request that is admitted. */
export interface Verdict {
  readonly answer: Answer;
  /** In ms, until the answer begins. */
  readonly latency: number;
  readonly fault: Fault | undefined;
}

/**
 * The model without its server: who may ask, what is answered, and what is counted.
 *
 * M1. `inFlight` counts a request from `arrive` to `leave`, each of which an exchange calls once.
 * M2. An account is charged for a request once, when it is admitted; with `charge: "actual"` for the answer when that leaves.
 */
export class Simulation {
  readonly settings: Settings;
  readonly now: () => number;
  readonly #faults: FaultPlan;
  /** The one of all clients, where no keys are told apart. */
  readonly #shared: Account;
  readonly #byKey: ReadonlyMap<string, Account> | undefined;
  readonly #statuses = new Map<number, number>();
  #requests = 0;
  #answered = 0;
  #aborted = 0;
  #faulted = 0;
  #inFlight = 0;
  #mostInFlight = 0;
  #inputTokens = 0;
  #outputTokens = 0;

  constructor(settings: Settings, now: () => number = () => performance.now()) {
    this.settings = settings;
    this.now = now;
    this.#faults = new FaultPlan(settings.faults, settings.faultKinds);
    this.#shared = new Account(settings, {}, now());
    this.#byKey =
      settings.keys &&
      new Map(Object.entries(settings.keys).map(([key, own]) => [key, new Account(settings, own, now())]));
  }

  /** The number of the request. */
  arrive(): number {
    this.#requests += 1;
    this.#inFlight += 1;
    if (this.#inFlight > this.#mostInFlight) this.#mostInFlight = this.#inFlight;
    return this.#requests;
  }

  leave(): void {
    this.#inFlight -= 1;
  }

  /**
   * Whose request it is.
   * @throws {Problem} when keys are told apart and this is none of them
   */
  accountOf(key: string | undefined): Account {
    const account = this.#byKey ? this.#byKey.get(key ?? "") : this.#shared;
    if (!account) throw invalidKey();
    account.counts.requests += 1;
    return account;
  }

  /**
   * Admits a request, and decides what becomes of it.
   * @throws {Problem} when it may not be made
   */
  judge(dialect: Dialect, question: Question, account: Account, number: number): Verdict {
    const { settings } = this;
    if (this.#inFlight > settings.concurrency) throw tooManyAtOnce(settings.concurrency);
    const { inputTokens } = question;
    const charge = settings.charge === "max" ? Math.max(question.maxTokens ?? 0, inputTokens) : inputTokens;
    const problem = account.admit(this.now(), question.model, charge);
    if (problem) throw problem;
    const hash = hashText(question.text, settings.seed);
    const fault = this.#faults.next(hash);
    if (fault) this.#faulted += 1;
    const [least, most] = settings.latency;
    return {
      answer: createAnswer(settings, dialect, question, { hash, number }),
      latency: most === least ? most : least + draw(hash, LATENCY) * (most - least),
      fault,
    };
  }

  /** Charges an account for the answer that leaves now. */
  charge({ tokens }: Account, { outputTokens }: Answer): void {
    // Not settled: a bucket would take it from what came in since the request, of which it had no room for all.
    if (this.settings.charge === "actual" && outputTokens > 0) tokens?.take(this.now(), outputTokens);
  }

  countStatus(status: number, account?: Account): void {
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    if (status === 429 && account) account.counts.limited += 1;
  }

  countAnswer({ inputTokens, outputTokens }: Answer, account: Account): void {
    this.#answered += 1;
    account.counts.answered += 1;
    this.#inputTokens += inputTokens;
    this.#outputTokens += outputTokens;
  }

  countAborted(): void {
    this.#aborted += 1;
  }

  stats(): SimulationStats {
    return {
      requests: this.#requests,
      answered: this.#answered,
      inFlight: this.#inFlight,
      mostInFlight: this.#mostInFlight,
      statuses: Object.fromEntries(this.#statuses),
      aborted: this.#aborted,
      faults: this.#faulted,
      tokens: { input: this.#inputTokens, output: this.#outputTokens },
      byKey: Object.fromEntries([...(this.#byKey ?? [])].map(([key, { counts }]) => [key, { ...counts }])),
    };
  }
}
