/**
 * Children that run at once and end together.
 *
 * Owns the order of children, their failures, the timer, and who waits for all. A strand owns what it started; a child
 * owns its handle.
 *
 * States: open → closing → closed; in each of them cancelled, or not.
 *
 * G1. It closes when no strand is busy; or `grace` ms after it was cancelled, and then it says which strands were.
 * G2. Once it is cancelled nothing begins: what waits is taken out, what is spawned is refused.
 * G3. A place among `concurrency` is free when the function of a child has settled, not when the child was cancelled.
 * G4. The first cancellation is the reason of all signals. One from outside (a revocation) is told to whoever waits for
 *     the group, also when the group was cancelled before.
 */
import { LONGEST_TIMER } from "../config/duration.js";
import { listWords } from "../config/one-of.js";
import { onAbort } from "../config/on-abort.js";
import { CancelledError, LeftBehindError, TimeoutError } from "../errors.js";
import { currentCaller } from "../limits/holdings.js";
import { Gate } from "../waiting/gate.js";
import { WaitingRoom } from "../waiting/waiting-room.js";
import { Child, type ChildFunction, type ChildOwner } from "./child.js";
import { currentScope, runInScope, type Scope, type ScopeMember } from "./current-scope.js";
import { Failures, reportLateFailure } from "./failures.js";
import type { TaskGroupOptions } from "./group-options.js";
import { isCancellation } from "./is-cancellation.js";
import { Strand } from "./strand.js";

const GRACE_MS = 5000;

/** Names that a message lists at most. */
const LISTED = 10;

let groups = 0;

export class GroupCore implements ChildOwner, ScopeMember {
  readonly id = `group-${++groups}`;
  readonly name: string;
  readonly outer: Scope | undefined;
  readonly deadline: number | undefined;
  readonly grace: number;
  /** The strand of the body. */
  readonly root: Strand = new Strand(this);
  readonly failures: Failures;
  readonly #concurrency: number;
  readonly #isFailFast: boolean;
  readonly #waiting = new WaitingRoom<Child>();
  readonly #busy = new Set<Strand>();
  #spawned = 0;
  /** Children whose function runs. */
  #running = 0;
  #state: "open" | "closing" | "closed" = "open";
  #revocation: { readonly reason: unknown } | undefined;
  #hasLeftBehind = false;
  #isIdle = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #drains = new Gate();
  readonly #forgetSignals: (() => void)[] = [];
  #joined: Promise<void> | undefined;
  #close: ((error: { readonly error: unknown } | undefined) => void) | undefined;
  /** What it ended with, once it is closed. */
  #fault: { readonly error: unknown } | undefined;

  /** The options are checked already. */
  constructor(options: TaskGroupOptions) {
    this.name = options.name ?? this.id;
    this.outer = currentScope();
    this.grace = options.grace ?? this.outer?.grace ?? GRACE_MS;
    this.#concurrency = options.concurrency ?? Number.POSITIVE_INFINITY;
    this.#isFailFast = options.onFailure !== "continue";
    this.failures = new Failures(this.name);
    // A worker runs its methods outside the scopes of the caller, of which they know by the call alone.
    const caller = this.outer ? undefined : currentCaller();
    const { deadline, delay } = earliest(options, this.outer?.deadline ?? caller?.deadline);
    this.deadline = deadline;
    if (this.outer?.cancellation) this.cancel(this.outer.cancellation.reason);
    else this.outer?.add(this);
    for (const signal of [options.signal, caller?.signal]) {
      if (signal?.aborted) this.cancel(signal.reason);
      else if (signal) this.#forgetSignals.push(onAbort(signal, (reason) => this.cancel(reason)));
    }
    if (delay !== undefined && !this.root.cancellation) this.#expireAfter(delay, delay);
  }

  get label(): string {
    return this.name;
  }

  get state(): "open" | "closing" | "closed" {
    return this.#state;
  }

  get isOver(): boolean {
    return this.#state === "closed" && !this.#hasLeftBehind;
  }

  get isIdle(): boolean {
    return this.#isIdle;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * @throws the reason of the cancellation, when the group is cancelled (G2)
   * @throws {TypeError} when it is closed
   */
  assertOpen(what: string): void {
    if (this.root.cancellation) throw this.root.cancellation.reason;
    if (this.#state !== "closed") return;
    throw new TypeError(`Cannot ${what} as the group '${this.name}' is closed: all of its children have ended`);
  }

  spawn(fn: ChildFunction<unknown>, name: string | undefined): Child {
    const child = new Child(this, (this.#spawned += 1), fn, name);
    if (this.#running < this.#concurrency) {
      this.#begin(child);
      this.#run(child);
    } else {
      this.#waiting.add(child);
      // By a promise, it runs in the context of who spawned it, and not of the child whose place it takes.
      void new Promise<void>((resolve) => (child.wake = resolve)).then(() => this.#run(child));
    }
    return child;
  }

  /** Runs a function in the strand of the body. */
  run<T>(fn: () => T): T {
    return runInScope(this.root, fn);
  }

  /** Runs the body, and resolves with what it returned when all have ended. */
  async runBody<T>(body: () => T | PromiseLike<T>): Promise<T> {
    let value: T | undefined;
    let interruption: { readonly error: unknown } | undefined;
    const joined = this.#wait();
    if (this.root.cancellation) {
      this.#end();
    } else {
      this.root.began();
      const settled = runInScope(this.root, async () => body());
      const ended = (failure: { readonly error: unknown } | undefined): void => {
        const isLate = !this.#busy.has(this.root);
        if (failure && isLate) this.#late("The body", this.root, failure.error);
        else if (failure && !isDueToCancelling(this.root, failure.error)) {
          this.failures.add({ name: "its body", error: failure.error, future: undefined, isFatal: true });
        } else if (failure) interruption = { error: this.root.cancellation!.reason };
        this.root.ended();
        if (failure && !isLate) this.#cancelAfter("its body", failure.error);
        this.#end();
      };
      void settled.then(
        (result) => {
          value = result;
          ended(undefined);
        },
        (error: unknown) => ended({ error }),
      );
    }
    await joined;
    if (interruption) throw interruption.error;
    return value as T;
  }

  /**
   * Resolves, or rejects with what happened, when all have ended.
   * @throws {TypeError} inside of the group
   */
  async join(): Promise<void> {
    this.#assertOutside(this.root, "group");
    const joined = this.#wait();
    this.#end();
    await joined;
  }

  /**
   * Resolves when no child runs or waits.
   * @throws {TypeError} inside of a child
   */
  async drain(): Promise<void> {
    this.#assertOutside(undefined, "children of the group");
    if (!this.#isDrained) await this.#drains.wait();
  }

  /** Whether somebody waits for it, and so hears what it ended with. */
  get isJoined(): boolean {
    return this.#joined !== undefined;
  }

  /** Cancels it, and takes it that this was wanted; `false` when there was nothing to cancel. */
  cancelAsWanted(reason: unknown): boolean {
    return this.#cancel(reason ?? new CancelledError(`The group '${this.name}' was cancelled`));
  }

  get #isDrained(): boolean {
    return this.#running === 0 && this.#waiting.size === 0;
  }

  /** @throws {TypeError} where the running code would wait for itself: in a child, or in `root` */
  #assertOutside(root: Strand | undefined, what: string): void {
    for (let scope = currentScope(); scope; scope = scope.outer) {
      if (!(scope instanceof Strand) || scope.owner !== this || !scope.isRunning) continue;
      if (scope instanceof Child || scope === root) {
        throw new TypeError(`Cannot wait for the ${what} '${this.name}' inside of it as it would wait for itself`);
      }
    }
  }

  // What its surroundings ask of it.

  /** Revokes it (G4). */
  cancel(reason: unknown): void {
    if (this.#state === "closed") return;
    this.#revocation ??= { reason };
    this.#cancel(reason);
  }

  orphaned(): void {
    this.#end();
  }

  // What strands ask of it.

  cancelChild(child: Child, reason: unknown): void {
    const why = reason ?? new CancelledError(`'${child.name}' of the group '${this.name}' was cancelled`);
    if (child.waitsIn) {
      child.waitsIn.delete(child);
      child.finish("cancelled", why);
    } else {
      child.abort(why);
    }
  }

  busy(strand: Strand): void {
    this.#busy.add(strand);
  }

  idle(strand: Strand): void {
    this.#busy.delete(strand);
    if (this.#busy.size === 0 && this.root.cancellation) clearTimeout(this.#timer);
    this.#check();
  }

  memberFailed(label: string, error: unknown): void {
    const name = `'${label}'`;
    this.failures.add({ name, error, future: undefined, isFatal: true });
    this.#cancelAfter(name, error);
  }

  // The life of a child.

  #begin(child: Child): void {
    this.#running += 1;
    this.#isIdle = false;
    child.began();
  }

  #run(child: Child): void {
    if (child.cancellation) {
      this.#ended(child, { error: child.cancellation.reason }, undefined);
      return;
    }
    void runInScope(child, () => child.run()).then(
      (value) => this.#ended(child, undefined, value),
      (error: unknown) => this.#ended(child, { error }, undefined),
    );
  }

  #ended(child: Child, failure: { readonly error: unknown } | undefined, value: unknown): void {
    if (!this.#busy.has(child)) {
      if (failure) this.#late(`'${child.name}' of the group '${this.name}'`, child, failure.error);
      child.ended();
      return;
    }
    this.#running -= 1;
    const isFailed = failure !== undefined && !isDueToCancelling(child, failure.error);
    if (!failure) child.finish("done", value);
    else if (!isFailed) child.finish("cancelled", child.cancellation!.reason);
    else {
      child.finish("failed", failure.error);
      const { name, future } = child;
      this.failures.add({ name: `'${name}'`, error: failure.error, future, isFatal: this.#isFailFast });
    }
    child.ended();
    if (isFailed && this.#isFailFast) this.#cancelAfter(`'${child.name}'`, failure.error);
    this.#beginNext();
  }

  #beginNext(): void {
    while (this.#running < this.#concurrency) {
      const child = this.#waiting.take();
      if (!child) return;
      this.#begin(child);
      child.wake!();
    }
  }

  #late(label: string, strand: Strand, error: unknown): void {
    if (!isDueToCancelling(strand, error)) reportLateFailure(label, error);
  }

  // How it ends.

  #cancelAfter(name: string, error: unknown): void {
    this.#cancel(new CancelledError(`The group '${this.name}' was cancelled as ${name} failed`, { cause: error }));
  }

  #cancel(reason: unknown): boolean {
    if (this.root.cancellation || this.#state === "closed") return false;
    clearTimeout(this.#timer);
    const waiting = this.#waiting.takeAll();
    const strands = [...this.#busy];
    // The signal of the body first: who hears of it finds the group cancelled.
    this.root.abort(reason);
    for (const child of waiting) child.finish("cancelled", reason);
    for (const strand of strands) strand.abort(reason);
    // After those of the groups inside, so that they report what they left behind before this one reports them.
    if (this.#busy.size > 0) this.#timer = setTimeout(() => this.#leaveBehind(), this.grace);
    this.#check();
    return true;
  }

  #expireAfter(ms: number, timeout: number): void {
    const expire = (): void => {
      const left = this.#running + this.#waiting.size;
      const message = `Cannot finish the group '${this.name}' within ${timeout} ms as ${left} of its children were not done`;
      this.cancel(new TimeoutError(message, timeout));
    };
    if (ms <= 0) expire();
    else if (ms <= LONGEST_TIMER) this.#timer = setTimeout(expire, ms);
    else this.#timer = setTimeout(() => this.#expireAfter(ms - LONGEST_TIMER, timeout), LONGEST_TIMER);
  }

  #leaveBehind(): void {
    const left = [...this.#busy];
    const names = left.flatMap((strand) => [
      ...(strand.isRunning ? [strand instanceof Child ? strand.name : "its body"] : []),
      ...strand.members.map(({ label }) => label),
    ]);
    const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : "";
    const error = new LeftBehindError(
      `Cannot wait longer for ${listWords(names.slice(0, LISTED))}${more} as the group '${this.name}' was cancelled ` +
        `${this.grace} ms ago`,
      { names, grace: this.grace },
    );
    const hasBody = this.root.isRunning;
    this.#hasLeftBehind = true;
    this.#busy.clear();
    this.#running = 0;
    for (const strand of left) {
      if (!(strand instanceof Child) || !strand.isRunning) continue;
      strand.finish("failed", error);
      this.failures.add({ name: `'${strand.name}'`, error, future: strand.future, isFatal: true });
    }
    this.failures.add({ name: "letting go", error, future: undefined, isFatal: true });
    if (hasBody) this.#end();
    else this.#check();
  }

  /** Nobody adds to it any more from outside: closes it once all have ended. */
  #end(): void {
    if (this.#state === "open") this.#state = "closing";
    this.#check();
  }

  #check(): void {
    if (this.#isDrained) this.#drains.openForAll();
    if (this.#state !== "closing" || this.#waiting.size > 0) return;
    if (this.#busy.size === 0) {
      this.#settle();
    } else if (!this.#isIdle && this.#running === 0 && !this.root.isRunning) {
      this.#isIdle = true;
      for (const strand of [...this.#busy]) for (const member of strand.members) member.orphaned();
    }
  }

  #settle(): void {
    this.#state = "closed";
    clearTimeout(this.#timer);
    for (const forget of this.#forgetSignals) forget();
    const error = this.failures.toError(this.#revocation);
    if (error) this.#fault = { error };
    else if (this.#revocation) this.#fault = { error: this.#revocation.reason };
    if (this.#close) this.#close(this.#fault);
    else if (error) this.outer?.failed(this.label, error);
    this.outer?.delete(this);
  }

  #wait(): Promise<void> {
    return (this.#joined ??= new Promise((resolve, reject) => {
      this.#close = (fault) => (fault ? reject(fault.error as Error) : resolve());
      if (this.#state === "closed") this.#close(this.#fault);
    }));
  }
}

function isDueToCancelling({ cancellation }: Strand, error: unknown): boolean {
  return cancellation !== undefined && isCancellation(error, cancellation.reason);
}

/** The earliest of all deadlines, and in how many ms the group has to see to it itself; what is inherited is seen to. */
function earliest(
  { timeout = Number.POSITIVE_INFINITY, deadline = Number.POSITIVE_INFINITY }: TaskGroupOptions,
  inherited: number | undefined,
): { deadline: number | undefined; delay: number | undefined } {
  const now = Date.now();
  const own = Math.min(now + timeout, deadline);
  if (inherited !== undefined && inherited <= own) return { deadline: inherited, delay: undefined };
  return own === Number.POSITIVE_INFINITY
    ? { deadline: undefined, delay: undefined }
    : { deadline: own, delay: Math.min(timeout, deadline - now) };
}
