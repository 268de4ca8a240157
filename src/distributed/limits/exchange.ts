/**
 * What one set of this process and the script say to each other.
 *
 * Owns those that wait, here and in the queue of all processes, the step that is under way, and what this process holds.
 * Whose turn it is among all is the script's.
 *
 * E1. One step at a time; what comes meanwhile goes with the next. A step that failed is made again as it was, so that what
 *     is given back gets there.
 * E2. Of the requests that wait here at most `WINDOW` stand in the queue of all, those whose turn it is here.
 * E3. A grant is confirmed in the turn in which it was used first, at its end: what it counts begins then (`L3`).
 * E4. A grant is not used when it may have been taken back, as this process was silent for a lease.
 * E5. Nobody waits longer than `brokerTimeout` for a broker that owes an answer.
 */
import { BrokerUnavailableError, DefinitionError, type ManyhandsError } from "../../errors.js";
import { machineClock } from "../../config/monotonic.js";
import { endOfTurn } from "../../limits/late-starts.js";
import type { HeldGrant } from "../../limits/grant.js";
import type { LimitRequest, Requester } from "../../limits/limit-request.js";
import { settleWithin } from "../../flow/settle-within.js";
import { FairRoom } from "../../waiting/fair-room.js";
import type { ResolvedBroker } from "../../config/broker.js";
import { keysOf } from "../broker/keys.js";
import { Script } from "../broker/script.js";
import type { Granted, Notice, StepAnswer, StepAsks, StepStats } from "./answers.js";
import { Asks } from "./asks.js";
import { BrokerLine, type LineUser } from "./broker-line.js";
import { type Definition, describeDefinition } from "./definition.js";
import { Patience, type Waits } from "./patience.js";
import { stepLua } from "./script/step.js";
import { SharedRequest } from "./shared-request.js";

/** The set that an exchange is for. */
export interface ExchangeOwner {
  readonly name: string;
  readonly definition: Definition;
  grant(need: readonly number[], takenAt: number, owner: string | undefined): HeldGrant<unknown>;
  /** So much of each limit can be taken at most. */
  sized(largest: readonly number[]): void;
}

/** Who waits for the answer of one step. */
interface Question extends Waits {
  answered(answer: StepAnswer): void;
  failed(error: Error): void;
}

interface Try extends Question {
  readonly need: readonly number[];
  readonly owner: string | undefined;
  granted(grant: HeldGrant<unknown>): void;
}

/** A step that was sent, and what it was about. */
interface Step {
  readonly asks: StepAsks;
  readonly args: readonly (string | number)[];
  sentAt: number;
  readonly questions: readonly Question[];
}

const WINDOW = 64;
/** The lease ends what could not be said in that time. */
const LONGEST_GOODBYE_MS = 1000;
const SHORTEST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 500;
/** What a server says for a while, and an end of the connection. */
const PASSING =
  /^(OOM|MISCONF|LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|BUSY|UNBLOCKED)|Connection is closed|ECONN|EPIPE|Stream isn't writeable/;

export class Exchange implements LineUser {
  readonly holder: string;
  readonly #owner: ExchangeOwner;
  readonly #broker: ResolvedBroker;
  readonly #line: BrokerLine;
  readonly #keys: readonly string[];
  readonly #script: Script;
  /** Those that are not in the queue of all yet. */
  readonly #room = new FairRoom<SharedRequest>();
  readonly #asked = new Map<number, SharedRequest>();
  /** Those that wait no more, and may have been granted all the same. */
  readonly #left = new Map<number, readonly number[]>();
  readonly #tries = new Map<number, Try>();
  /** Grants that are known here, for as long as the script may speak of them. */
  readonly #known = new Set<number>();
  readonly #patience: Patience;
  /** What this process holds of each limit. */
  readonly #held: number[];
  /** Whether it matters when a grant is used. */
  readonly #confirmsSoon: boolean;
  #asks = new Asks();
  #questions: Question[] = [];
  #step: Step | undefined;
  #steps = 0;
  #ids = 0;
  /** The last request that went into the queue of all: its flow, and its rank. */
  #lastAsked = { flow: "", rank: Number.NEGATIVE_INFINITY };
  #isDue = false;
  #isScheduled = false;
  #isClosed = false;
  /** Whether the last step was made. */
  #isGone = false;
  /** Until when the script counts on this process, by `performance.now()`. */
  #validUntil = Number.NEGATIVE_INFINITY;
  #sizes = 0;
  #retries = 0;
  #lastError: Error | undefined;
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
    this.#script = scriptOf(owner.definition);
    this.#patience = new Patience(broker.brokerTimeout);
    this.#held = owner.definition.facts.map(() => 0);
    this.#confirmsSoon = owner.definition.cores.some(({ postpone }) => postpone);
  }

  get isWaiting(): boolean {
    return this.#patience.size > 0;
  }

  /** Requests that wait here. */
  get waiting(): number {
    return this.#room.size + this.#asked.size;
  }

  /** Waits until all of it was taken. */
  enqueue(need: readonly number[], requester: Requester<unknown>, isHolder: boolean): LimitRequest {
    this.#assertOpen();
    const now = machineClock.now();
    const request = new SharedRequest(need, requester, isHolder, now, this.#leave, this.#giveUp);
    this.#patience.add(request);
    this.#room.add(request);
    this.#say();
    return request;
  }

  /** Takes all of it if nobody has to wait for that. */
  async try(
    need: readonly number[],
    owner: string | undefined,
    isHolder: boolean,
  ): Promise<HeldGrant<unknown> | undefined> {
    this.#assertOpen();
    const id = this.#nextId();
    this.#asks.tries.push([id, isHolder ? 1 : 0, ...need]);
    return this.#ask((question, resolve) => {
      const one: Try = { ...question, need, owner, granted: resolve, answered: () => resolve(undefined) };
      this.#tries.set(id, one);
      const forget = (): void => {
        if (this.#tries.delete(id)) this.#forget(id, need);
      };
      return {
        ...one,
        failed: (error) => (forget(), question.failed(error)),
        gaveUp: () => (forget(), question.gaveUp()),
      };
    });
  }

  /** Refuses those for whom this throws. */
  refuse(check: (need: readonly number[]) => void): void {
    for (const request of [...this.#room.all(), ...this.#asked.values()]) {
      try {
        check(request.need);
      } catch (error) {
        request.leave();
        request.requester.failed?.(error);
      }
    }
  }

  async stats(): Promise<StepStats> {
    this.#assertOpen();
    this.#asks.wantsStats = true;
    return this.#ask((question, resolve) => ({ ...question, answered: ({ stats }) => resolve(stats!) }));
  }

  async resize(change: readonly number[]): Promise<void> {
    this.#assertOpen();
    this.#asks.resizes.push(change);
    return this.#ask((question, resolve) => ({ ...question, answered: () => resolve() }));
  }

  /** What is held changes by so much. */
  hold(amounts: readonly number[], sign: 1 | -1): void {
    for (const [index, amount] of amounts.entries()) {
      const sum = this.#held[index]! + sign * amount;
      this.#held[index] = Math.abs(sum) < 1e-9 ? 0 : sum;
    }
    this.#say();
  }

  settle(takenAt: number, differences: readonly number[]): void {
    this.#asks.settled.push([takenAt, ...differences]);
    this.#say();
  }

  began(takenAt: number, amounts: readonly number[]): void {
    if (!this.#confirmsSoon) return;
    this.#asks.began.push([takenAt, ...amounts]);
    this.#say();
  }

  pause(ms: number): void {
    this.#asks.pause = Math.max(this.#asks.pause, ms);
    this.#say();
  }

  cap(index: number, remaining: number, resetAfter: number | undefined): void {
    this.#asks.caps.push([index + 1, remaining, resetAfter ?? -1]);
    this.#say();
  }

  noticed({ granted, wake, sizes }: Notice): void {
    // E4
    if (performance.now() < this.#validUntil) for (const one of granted) this.#accept(one, false);
    else this.#say();
    if (wake >= 0) this.#wakeIn(wake);
    if (sizes) this.#say();
  }

  resync(): void {
    if (this.waiting > 0) this.#say();
  }

  /** Gives everything back, and takes no more requests; those that wait fail with this error. */
  async close(error: Error): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#failAll(error);
    this.#held.fill(0);
    for (const timer of [this.#wake, this.#renewal]) clearTimeout(timer);
    // What was under way may bring grants, which are given back in a second step.
    for (let last = 0; last < 2 && this.#steps > 0 && (last === 0 || this.#isDue); last += 1) {
      const said = this.#ask((question, resolve) => ({ ...question, answered: () => resolve(undefined) }));
      try {
        await settleWithin(
          LONGEST_GOODBYE_MS,
          machineClock,
          () => said,
          () => this.#unavailable(),
        );
      } catch {
        break;
      }
    }
    this.#isGone = true;
    this.#step = undefined;
    clearTimeout(this.#retry);
    this.#patience.takeAll();
    this.#line.remove(this);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new TypeError(`Cannot use the limits '${this.#owner.name}' as the set is closed`);
  }

  #ask<T>(make: (question: Question, resolve: (value: T) => void) => Question): Promise<T> {
    return new Promise((resolve, reject) => {
      const question = make(
        { since: performance.now(), answered: () => {}, failed: reject, gaveUp: () => reject(this.#unavailable()) },
        resolve,
      );
      this.#questions.push(question);
      this.#patience.add(question);
      this.#say();
    });
  }

  /** There is something to say: it goes with the next step. */
  #say(): void {
    this.#isDue = true;
    if (this.#step || this.#isScheduled || this.#isGone) return;
    this.#isScheduled = true;
    endOfTurn(this.#send);
  }

  readonly #send = (): void => {
    this.#isScheduled = false;
    if (this.#step || !this.#isDue) return;
    this.#isDue = false;
    const requests = this.#nextRequests();
    const asks = this.#asks.step({
      requests,
      held: [...this.#held],
      sizes: this.#sizes,
      isLast: this.#isClosed,
    });
    this.#asks = new Asks();
    const questions = this.#questions;
    this.#questions = [];
    if (this.#steps === 0) this.#line.add(this);
    this.#steps += 1;
    const { lease } = this.#broker;
    const args = [this.#owner.definition.text, 0, this.holder, this.#steps, lease];
    this.#step = { asks, args, sentAt: 0, questions };
    this.#renewal ??= setInterval(this.#renew, lease / 4).unref();
    this.#run();
  };

  /** Those whose turn it is here, for the queue of all (E2). */
  #nextRequests(): number[][] {
    const requests: number[][] = [];
    const now = machineClock.now();
    while (this.#asked.size < WINDOW) {
      const request = this.#room.peek();
      if (!request) break;
      this.#room.serve(request);
      const id = this.#nextId();
      // Flows go in turn here: among all processes none goes before the one that it followed.
      const { flow, rank } = this.#lastAsked;
      const isBehind = this.#asked.size > 0 && flow !== request.flow;
      this.#lastAsked = { flow: request.flow, rank: isBehind ? Math.max(rank, request.rank) : request.rank };
      requests.push([id, now - this.#lastAsked.rank, request.isHolder ? 1 : 0, ...request.need]);
      this.#asked.set(id, request);
    }
    return requests;
  }

  #run(): void {
    const step = this.#step!;
    this.#line.setBusy(this, true);
    this.#patience.owe(true);
    step.sentAt = performance.now();
    const mayReap = this.#line.hasBeenUpFor(this.#broker.lease) ? 1 : 0;
    this.#line.run(this.#script, this.#keys, [...step.args, mayReap, JSON.stringify(step.asks)]).then(
      (answer) => this.#answered(step, JSON.parse(answer) as StepAnswer),
      (error: Error) => this.#failed(error),
    );
  }

  #failed(error: Error): void {
    this.#lastError = error;
    if (!this.#step) return;
    if (!PASSING.test(error.message)) this.#failAll(this.#refused());
    if (this.#isClosed) this.#failAll(this.#unavailable());
    // E1
    const pause = Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** Math.min(10, this.#retries));
    this.#retries += 1;
    this.#retry = setTimeout(() => {
      if (!this.#isClosed || this.isWaiting) this.#run();
    }, pause);
    if (!this.isWaiting) this.#retry.unref();
  }

  #answered(step: Step, answer: StepAnswer): void {
    if (this.#step !== step) return;
    this.#step = undefined;
    this.#retries = 0;
    this.#lastError = undefined;
    this.#patience.owe(false);
    if (answer.differs !== undefined) this.#failAll(this.#differs(answer.differs), step.questions);
    else this.#take(step, answer);
    this.#line.setBusy(this, this.isWaiting);
    if (this.#isDue) this.#say();
  }

  #take(step: Step, answer: StepAnswer): void {
    const { asks, sentAt } = step;
    const { lease } = this.#broker;
    for (const id of asks.confirmed) this.#known.delete(id);
    if (answer.isNew) this.#askAgain(asks.requests);
    // E4
    const isStale = performance.now() - sentAt >= lease;
    if (isStale) {
      for (const [id] of asks.tries) {
        const one = this.#tries.get(id!);
        if (one && this.#tries.delete(id!)) this.#forget(id!, one.need);
      }
      for (const id of asks.left) this.#asks.left.push(id);
      this.#say();
    } else {
      this.#validUntil = sentAt + lease;
      for (const one of answer.granted) this.#accept(one, true);
      for (const id of asks.left) this.#left.delete(id);
      for (const [id] of asks.tries) this.#tries.delete(id!);
    }
    if (answer.sizes) {
      this.#sizes = answer.version;
      this.#owner.sized(answer.sizes);
    }
    for (const question of step.questions) {
      this.#patience.delete(question);
      question.answered(answer);
    }
    this.#wakeIn(answer.wake);
    if (this.#room.size > 0 && this.#asked.size < WINDOW) this.#say();
  }

  /** The script knows nothing of what stood in the queue of all: it was reaped, or its memory was lost. */
  #askAgain(asked: readonly (readonly number[])[]): void {
    const fresh = new Set(asked.map(([id]) => id));
    for (const [id, request] of Array.from(this.#asked)) {
      if (fresh.has(id)) continue;
      this.#asked.delete(id);
      this.#room.add(request);
      this.#isDue = true;
    }
  }

  #accept([id, takenAt]: Granted, isSure: boolean): void {
    if (this.#known.has(id)) return;
    const request = this.#asked.get(id);
    const one = this.#tries.get(id);
    const left = this.#left.get(id);
    if (!request && !one && !left && !isSure) return;
    this.#known.add(id);
    this.#asks.confirmed.push(id);
    if (request) {
      this.#asked.delete(id);
      this.#over(request);
      this.#hold(request.need);
      request.requester.granted(this.#owner.grant(request.need, takenAt, request.requester.owner));
    } else if (one) {
      this.#tries.delete(id);
      this.#hold(one.need);
      one.granted(this.#owner.grant(one.need, takenAt, one.owner));
    } else if (left) {
      this.#left.delete(id);
      this.settle(
        takenAt,
        left.map((amount) => -amount),
      );
    }
    // E3
    if (this.#confirmsSoon || left) this.#say();
  }

  #hold(need: readonly number[]): void {
    for (const [index, amount] of need.entries()) this.#held[index]! += amount;
  }

  readonly #leave = (request: SharedRequest): void => {
    this.#over(request);
    if (request.waitsIn) {
      this.#room.delete(request);
      return;
    }
    for (const [id, asked] of this.#asked) {
      if (asked !== request) continue;
      this.#asked.delete(id);
      this.#forget(id, request.need);
      return;
    }
  };

  /** It waits no more; where it was granted meanwhile, that is given back. */
  #forget(id: number, need: readonly number[]): void {
    this.#left.set(id, need);
    this.#asks.left.push(id);
    this.#say();
  }

  /** E5 */
  readonly #giveUp = (request: SharedRequest): void => {
    request.leave();
    request.requester.failed?.(this.#unavailable());
  };

  #over(request: SharedRequest): void {
    request.isOver = true;
    this.#patience.delete(request);
    if (!this.isWaiting && !this.#step) this.#line.setBusy(this, false);
  }

  /** Everybody who waits fails. */
  #failAll(error: Error, questions: readonly Question[] = []): void {
    for (const waits of new Set([...this.#patience.takeAll(), ...questions])) {
      if (waits instanceof SharedRequest) {
        waits.leave();
        waits.requester.failed?.(error);
      } else {
        (waits as Question).failed(error);
      }
    }
  }

  #nextId(): number {
    this.#ids += 1;
    return this.#ids;
  }

  #wakeIn(ms: number): void {
    clearTimeout(this.#wake);
    this.#wake = undefined;
    if (ms < 0 || this.#asked.size === 0) return;
    this.#wake = setTimeout(() => this.#say(), Math.ceil(ms));
  }

  readonly #renew = (): void => {
    const isNeeded = this.#held.some((amount) => amount > 0) || this.waiting > 0 || this.#known.size > 0;
    if (isNeeded && !this.#isClosed) {
      this.#say();
      return;
    }
    clearInterval(this.#renewal);
    this.#renewal = undefined;
  };

  #unavailable(): ManyhandsError {
    const { brokerTimeout } = this.#broker;
    return new BrokerUnavailableError(
      `Cannot acquire from '${this.#owner.name}' as the broker has not answered for ${brokerTimeout} ms: see that it ` +
        "runs and can be reached",
      { cause: this.#lastError },
    );
  }

  #refused(): ManyhandsError {
    return new BrokerUnavailableError(
      `Cannot acquire from '${this.#owner.name}' as the broker refuses: ${this.#lastError?.message}`,
      { cause: this.#lastError },
    );
  }

  #differs(other: string): ManyhandsError {
    return new DefinitionError(
      `Cannot acquire from '${this.#owner.name}' as another process has defined it otherwise: here it is ` +
        `${describeDefinition(this.#owner.definition.text)}, there it is ${describeDefinition(other)}; give it the same ` +
        "limits in the same order, or another name",
    );
  }
}

const scripts = new Map<string, Script>();

/** Sets with the same algorithms have the same script. */
function scriptOf({ algorithms }: Definition): Script {
  const name = algorithms.join();
  let script = scripts.get(name);
  if (!script) scripts.set(name, (script = new Script(stepLua(algorithms))));
  return script;
}
