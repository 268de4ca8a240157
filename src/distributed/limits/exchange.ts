/**
 * What one set of this process and the script say to each other.
 *
 * Owns the step that is under way, and what this process holds. Who waits is in `Requests`; whose turn it is among all
 * processes is the script's.
 *
 * E1. One step at a time; what comes meanwhile goes with the next. A step that failed is made again as it was, so that what
 *     is given back gets there.
 * E2. A grant is confirmed in the turn in which it was used first, at its end: what it counts begins then (`L3`).
 * E3. A grant is not used when it may have been taken back, as this process was silent for a lease.
 * E4. Nobody waits longer than `brokerTimeout` for a broker that owes an answer.
 */
import { machineClock } from "../../config/monotonic.js";
import { ManyhandsError } from "../../errors.js";
import { settleWithin } from "../../flow/settle-within.js";
import type { HeldGrant } from "../../limits/grant.js";
import { endOfTurn } from "../../limits/late-starts.js";
import type { LimitRequest, Requester } from "../../limits/limit-request.js";
import { keysOf } from "../broker/keys.js";
import type { ResolvedBroker } from "../../config/broker.js";
import type { Script } from "../broker/script.js";
import type { Notice, StepAnswer, StepAsks, StepStats } from "./answers.js";
import { Asks } from "./asks.js";
import { BrokerLine, type LineUser } from "./broker-line.js";
import type { Definition } from "./definition.js";
import { Patience, type Waits } from "./patience.js";
import { closed, differs, isPassing, refused, unavailable } from "./problems.js";
import { Requests, type RequestsHost } from "./requests.js";
import { stepScript } from "./script/step.js";
import { SharedRequest } from "./shared-request.js";

/** The set that an exchange is for. */
export interface ExchangeOwner extends Pick<RequestsHost, "grant"> {
  readonly name: string;
  readonly definition: Definition;
  /** So much of each limit can be taken at most. */
  sized(largest: readonly number[]): void;
}

/** Who waits for the answer of one step. */
interface Question extends Waits {
  answered(answer: StepAnswer): void;
  failed(error: Error): void;
}

/** A step that was sent, and what it was about. */
interface Step {
  readonly asks: StepAsks;
  readonly args: readonly (string | number)[];
  sentAt: number;
  readonly questions: readonly Question[];
}

/** The lease ends what could not be said in that time. */
const LONGEST_GOODBYE_MS = 1000;
const SHORTEST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 500;
/** While nobody waits: longer than the 2 s for which `ioredis` keeps a program alive after a connection that it gave up. */
const RESTING_PAUSE_MS = 3000;
/** Sums of fractions are off by a few units in the last place. */
const ROUNDING = 1e-9;

export class Exchange implements LineUser, RequestsHost {
  readonly holder: string;
  readonly patience: Patience;
  readonly grant: RequestsHost["grant"];
  asks = new Asks();
  readonly #owner: ExchangeOwner;
  readonly #broker: ResolvedBroker;
  readonly #line: BrokerLine;
  readonly #keys: readonly string[];
  readonly #script: Script;
  readonly #requests = new Requests(this);
  /** What this process holds of each limit. */
  readonly #held: number[];
  /** Whether it matters when a grant is used. */
  readonly #confirmsSoon: boolean;
  #questions: Question[] = [];
  #step: Step | undefined;
  #steps = 0;
  #isDue = false;
  #isScheduled = false;
  #state: "open" | "closing" | "closed" = "open";
  /** Until when the script counts on this process, by `performance.now()`. */
  #validUntil = Number.NEGATIVE_INFINITY;
  /** Which sizes are known here. */
  #sizes = 0;
  #failures = 0;
  #lastError: Error | undefined;
  /** Whether a step that failed is made again only later, as nobody waits. */
  #rests = false;
  #wake: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #renewal: NodeJS.Timeout | undefined;

  constructor(owner: ExchangeOwner, broker: ResolvedBroker) {
    this.#owner = owner;
    this.#broker = broker;
    this.#line = BrokerLine.of(broker);
    this.holder = this.#line.name();
    const keys = keysOf(broker.prefix);
    this.#keys = ["numbers", "agreed", "queue", "requests", "holders"].map((part) =>
      keys.of("limits", "set", owner.name, part),
    );
    this.#script = stepScript(owner.definition.algorithms);
    this.patience = new Patience(broker.brokerTimeout);
    this.grant = owner.grant;
    this.#held = owner.definition.facts.map(() => 0);
    this.#confirmsSoon = owner.definition.cores.some(({ postpone }) => postpone);
  }

  get isWaiting(): boolean {
    return this.patience.size > 0;
  }

  /** Requests that wait here. */
  get waiting(): number {
    return this.#requests.size;
  }

  /** Waits until all of it was taken. */
  enqueue(need: readonly number[], requester: Requester<unknown>, isHolder: boolean): LimitRequest {
    this.#assertOpen();
    return this.#requests.add(need, requester, isHolder);
  }

  /** Takes all of it if nobody has to wait for that. */
  async try(
    need: readonly number[],
    owner: string | undefined,
    isHolder: boolean,
  ): Promise<HeldGrant<unknown> | undefined> {
    this.#assertOpen();
    return this.#ask((question, resolve) => {
      const giveUp = this.#requests.try({ need, owner, granted: resolve }, isHolder);
      return {
        ...question,
        answered: () => resolve(undefined),
        failed: (error) => (giveUp(), question.failed(error)),
        gaveUp: () => (giveUp(), question.gaveUp()),
      };
    });
  }

  async stats(): Promise<StepStats> {
    this.#assertOpen();
    this.asks.wantsStats = true;
    return this.#ask((question, resolve) => ({ ...question, answered: ({ stats }) => resolve(stats!) }));
  }

  async resize(change: readonly number[]): Promise<void> {
    this.#assertOpen();
    this.asks.resizes.push(change);
    return this.#ask((question, resolve) => ({ ...question, answered: () => resolve() }));
  }

  /** Refuses those who wait for whom this throws. */
  refuse(check: (need: readonly number[]) => void): void {
    this.#requests.refuse(check);
  }

  /** What is held changes by so much. */
  hold(amounts: readonly number[], sign: 1 | -1): void {
    for (const [index, amount] of amounts.entries()) {
      const sum = this.#held[index]! + sign * amount;
      this.#held[index] = Math.abs(sum) < ROUNDING ? 0 : sum;
    }
    this.say();
  }

  taken(need: readonly number[]): void {
    for (const [index, amount] of need.entries()) this.#held[index]! += amount;
  }

  settle(takenAt: number, differences: readonly number[]): void {
    this.asks.settled.push([takenAt, ...differences]);
    this.say();
  }

  began(takenAt: number, amounts: readonly number[]): void {
    if (!this.#confirmsSoon) return;
    this.asks.began.push([takenAt, ...amounts]);
    this.say();
  }

  pause(ms: number): void {
    this.asks.pause = Math.max(this.asks.pause, ms);
    this.say();
  }

  cap(index: number, remaining: number, resetAfter: number | undefined): void {
    this.asks.caps.push([index + 1, remaining, resetAfter ?? -1]);
    this.say();
  }

  unavailable(): Error {
    return unavailable(this.#owner.name, this.#broker.brokerTimeout, this.#lastError);
  }

  noticed({ granted, wake, sizes }: Notice): void {
    // E3
    if (performance.now() < this.#validUntil) this.#accept(granted, false);
    else this.say();
    if (wake >= 0) this.#wakeIn(wake);
    if (sizes) this.say();
    if (!this.#step) this.#line.setBusy(this, this.isWaiting);
  }

  resync(): void {
    if (this.waiting > 0) this.say();
  }

  /** There is something to say: it goes with the next step. */
  say(): void {
    this.#isDue = true;
    if (this.#rests && this.isWaiting) this.#run();
    if (this.#step || this.#isScheduled || this.#state === "closed") return;
    this.#isScheduled = true;
    endOfTurn(this.#send);
  }

  /** Gives everything back, and takes no more requests; those that wait fail. */
  async close(): Promise<void> {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#failAll(closed(this.#owner.name));
    this.#held.fill(0);
    clearTimeout(this.#wake);
    clearInterval(this.#renewal);
    // What was under way may bring grants, which are given back in a second step.
    for (let last = 0; last < 2 && this.#steps > 0 && (last === 0 || this.#isDue); last += 1) {
      const said = this.#ask((question, resolve) => ({ ...question, answered: () => resolve(undefined) }));
      try {
        await settleWithin(
          LONGEST_GOODBYE_MS,
          machineClock,
          () => said,
          () => this.unavailable(),
        );
      } catch {
        break;
      }
    }
    this.#state = "closed";
    this.#step = undefined;
    clearTimeout(this.#retry);
    this.patience.takeAll();
    this.#line.remove(this);
  }

  #assertOpen(): void {
    if (this.#state !== "open") throw closed(this.#owner.name);
  }

  #ask<T>(make: (question: Question, resolve: (value: T) => void) => Question): Promise<T> {
    return new Promise((resolve, reject) => {
      const question = make(
        { since: performance.now(), answered: () => {}, failed: reject, gaveUp: () => reject(this.unavailable()) },
        resolve,
      );
      this.#questions.push(question);
      this.patience.add(question);
      this.say();
    });
  }

  readonly #send = (): void => {
    this.#isScheduled = false;
    if (this.#step || !this.#isDue || this.#state === "closed") return;
    this.#isDue = false;
    const requests = this.#requests.next();
    const isLast = this.#state === "closing";
    const asks = this.asks.step({ requests, held: [...this.#held], sizes: this.#sizes, isLast });
    this.asks = new Asks();
    const questions = this.#questions;
    this.#questions = [];
    if (this.#steps === 0) this.#line.add(this);
    this.#steps += 1;
    const { lease } = this.#broker;
    const args = [this.#owner.definition.text, 0, this.holder, this.#steps, lease];
    this.#step = { asks, args, sentAt: 0, questions };
    if (!isLast) this.#renewal ??= setInterval(this.#renew, lease / 4).unref();
    this.#run();
  };

  #run(): void {
    const step = this.#step!;
    this.#rests = false;
    clearTimeout(this.#retry);
    this.#line.setBusy(this, true);
    this.patience.owe(true);
    step.sentAt = performance.now();
    const mayReap = this.#line.hasBeenUpFor(this.#broker.lease) ? 1 : 0;
    const args = [...step.args, mayReap, JSON.stringify(step.asks)];
    this.#line.run(this.#script, this.#keys, args).then(
      (answer) => this.#answered(step, JSON.parse(answer) as StepAnswer),
      (error: Error) => this.#failed(step, error),
    );
  }

  #failed(step: Step, error: Error): void {
    if (this.#step !== step) return;
    if (ManyhandsError.is(error)) {
      // Without the package there is no broker.
      this.#step = undefined;
      this.#failAll(error, step.questions);
      return;
    }
    this.#lastError = error;
    if (!isPassing(error)) this.#failAll(refused(this.#owner.name, error));
    // E1
    const pause = Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** Math.min(10, this.#failures));
    this.#failures += 1;
    this.#rests = !this.isWaiting;
    this.#retry = setTimeout(() => this.#run(), this.#rests ? RESTING_PAUSE_MS : pause);
    if (this.#rests) this.#retry.unref();
  }

  #answered(step: Step, answer: StepAnswer): void {
    if (this.#step !== step) return;
    this.#step = undefined;
    this.#failures = 0;
    this.#lastError = undefined;
    this.patience.owe(false);
    if (answer.differs === undefined) this.#take(step, answer);
    else this.#failAll(differs(this.#owner.name, this.#owner.definition.text, answer.differs), step.questions);
    this.#line.setBusy(this, this.isWaiting);
    if (this.#isDue) this.say();
  }

  #take({ asks, sentAt, questions }: Step, answer: StepAnswer): void {
    const { lease } = this.#broker;
    if (answer.isNew) this.#requests.askAgain(asks.requests);
    // E3
    if (performance.now() - sentAt < lease) {
      this.#validUntil = sentAt + lease;
      this.#accept(answer.granted, true);
      this.#requests.settle(asks);
    } else {
      this.#requests.doubt(asks);
    }
    if (answer.sizes) {
      this.#sizes = answer.version;
      this.#owner.sized(answer.sizes);
    }
    for (const question of questions) {
      this.patience.delete(question);
      question.answered(answer);
    }
    this.#wakeIn(answer.wake);
    if (this.#requests.areLeftOut) this.say();
  }

  #accept(granted: Notice["granted"], isSure: boolean): void {
    let isAny = false;
    for (const one of granted) if (this.#requests.accept(one, isSure)) isAny = true;
    // E2
    if (isAny && this.#confirmsSoon) this.say();
  }

  /** Everybody who waits fails. */
  #failAll(error: Error, questions: readonly Question[] = []): void {
    for (const waits of new Set([...this.patience.takeAll(), ...questions])) {
      if (waits instanceof SharedRequest) {
        waits.leave();
        waits.requester.failed?.(error);
      } else {
        (waits as Question).failed(error);
      }
    }
  }

  #wakeIn(ms: number): void {
    clearTimeout(this.#wake);
    this.#wake = undefined;
    if (ms >= 0 && this.#requests.areAsked) this.#wake = setTimeout(() => this.say(), Math.ceil(ms));
  }

  readonly #renew = (): void => {
    if (this.waiting > 0 || this.#requests.areUnconfirmed || this.#held.some((amount) => amount > 0)) {
      this.say();
      return;
    }
    clearInterval(this.#renewal);
    this.#renewal = undefined;
  };
}
