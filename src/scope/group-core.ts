/**
 * Children that run at once and end together.
 *
 * Owns the failures, the time that is left, and who waits for all. `Children` own their order; a strand owns what it
 * started; a child owns its handle.
 *
 * States: open → closing → closed; in each of them cancelled, or not.
 *
 * G1. It closes when no strand is busy; or `grace` ms after it was cancelled, and then it says which strands were.
 * G2. Once it is cancelled nothing begins: what waits is taken out, what is spawned is refused.
 * G3. The first cancellation is the reason of all signals. One from outside (a revocation) is told to whoever waits for
 *     the group, also when the group was cancelled before.
 */
import { onAbort } from "../config/on-abort.js";
import { CancelledError, TimeoutError } from "../errors.js";
import { currentCaller } from "../limits/holdings.js";
import { Gate } from "../waiting/gate.js";
import { Child, type ChildFunction } from "./child.js";
import { Children, type ChildrenOwner, type Thrown } from "./children.js";
import { currentScope, runInScope, type Scope, type ScopeMember } from "./current-scope.js";
import { Expiry } from "./expiry.js";
import { Failures, reportLateFailure } from "./failures.js";
import type { TaskGroupOptions } from "./group-options.js";
import { leftBehind, listPending } from "./left-behind.js";
import { Strand } from "./strand.js";

const GRACE_MS = 5000;

let groups = 0;

export class GroupCore implements ChildrenOwner, ScopeMember {
  readonly id = `group-${++groups}`;
  readonly name: string;
  readonly outer: Scope | undefined;
  readonly grace: number;
  /** The strand of the body. */
  readonly root: Strand = new Strand(this);
  readonly children: Children;
  readonly failures: Failures;
  readonly #expiry: Expiry;
  readonly #isFailFast: boolean;
  readonly #busy = new Set<Strand>();
  #state: "open" | "closing" | "closed" = "open";
  #revocation: { readonly reason: unknown } | undefined;
  #hasLeftBehind = false;
  /** Whether those who waited for somebody to go on with them were told that nobody will. */
  #hasOrphaned = false;
  #graceTimer: NodeJS.Timeout | undefined;
  readonly #forgetSignals: (() => void)[] = [];
  readonly #drains = new Gate();
  #joined: Promise<void> | undefined;
  #tell: ((thrown: Thrown | undefined) => void) | undefined;
  /** What it ended with, once it is closed. */
  #thrown: Thrown | undefined;

  /** The options are checked already. */
  constructor(options: TaskGroupOptions) {
    this.name = options.name ?? this.id;
    this.outer = currentScope();
    this.grace = options.grace ?? this.outer?.grace ?? GRACE_MS;
    this.children = new Children(this, options.concurrency ?? Number.POSITIVE_INFINITY);
    this.failures = new Failures(this.name);
    this.#isFailFast = options.onFailure !== "continue";
    // A worker runs its methods outside the scopes of the caller, of which they know by the call alone.
    const caller = this.outer ? undefined : currentCaller();
    this.#expiry = new Expiry(options, this.outer?.deadline ?? caller?.deadline);
    if (this.outer?.cancellation) this.cancel(this.outer.cancellation.reason);
    else this.outer?.add(this);
    for (const signal of [options.signal, caller?.signal]) {
      if (signal?.aborted) this.cancel(signal.reason);
      else if (signal) this.#forgetSignals.push(onAbort(signal, (reason) => this.cancel(reason)));
    }
    if (!this.root.cancellation) this.#expiry.watch((timeout) => this.#expire(timeout));
  }

  get label(): string {
    return this.name;
  }

  get deadline(): number | undefined {
    return this.#expiry.deadline;
  }

  get state(): "open" | "closing" | "closed" {
    return this.#state;
  }

  get isOver(): boolean {
    return this.#state === "closed" && !this.#hasLeftBehind;
  }

  /** Whether somebody waits for it, and so hears what it ended with. */
  get isJoined(): boolean {
    return this.#joined !== undefined;
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
    this.#hasOrphaned = false;
    return this.children.spawn(fn, name);
  }

  /** Runs the body, and resolves with what it returned when all have ended. */
  async runBody<T>(body: () => T | PromiseLike<T>): Promise<T> {
    const joined = this.#wait();
    let value: T | undefined;
    let thrown: Thrown | undefined;
    if (this.root.cancellation) {
      this.#end();
    } else {
      this.root.began();
      void runInScope(this.root, async () => body()).then(
        (result) => {
          value = result;
          this.#bodyEnded(undefined);
        },
        (error: unknown) => {
          thrown = { error: this.root.cancellation?.reason };
          this.#bodyEnded({ error });
        },
      );
    }
    await joined;
    // The cancellation that ended it was wanted, but it has left no value.
    if (thrown) throw thrown.error;
    return value as T;
  }

  /**
   * Resolves, or rejects with what happened, when all have ended.
   * @throws {TypeError} inside of the group
   */
  async join(): Promise<void> {
    this.#assertOutside("group", (strand) => strand.isRunning);
    const joined = this.#wait();
    this.#end();
    await joined;
  }

  /**
   * Resolves when no child runs or waits.
   * @throws {TypeError} inside of a child
   */
  async drain(): Promise<void> {
    this.#assertOutside("children of the group", (strand) => strand.isRunning && strand instanceof Child);
    if (!this.#isDrained) await this.#drains.wait();
  }

  /** Cancels it because its owner wants it; `false` when there was nothing to cancel. */
  cancelAsWanted(reason: unknown): boolean {
    return this.#cancel(reason ?? new CancelledError(`The group '${this.name}' was cancelled`));
  }

  // What its surroundings ask of it.

  /** Revokes it (G3). */
  cancel(reason: unknown): void {
    this.#revocation ??= { reason };
    this.#cancel(reason);
  }

  orphaned(): void {
    this.#end();
  }

  // What its strands ask of it.

  get isIdle(): boolean {
    return this.#hasOrphaned;
  }

  cancelChild(child: Child, reason: unknown): void {
    this.children.cancel(child, reason);
    this.#check();
  }

  busy(strand: Strand): void {
    this.#busy.add(strand);
  }

  idle(strand: Strand): void {
    this.#busy.delete(strand);
    if (this.#busy.size === 0) clearTimeout(this.#graceTimer);
    this.#check();
  }

  memberFailed(label: string, error: unknown): void {
    const what = `'${label}'`;
    this.failures.add({ name: label, what, error, future: undefined, isFatal: true });
    this.#cancelAfter(what, error);
  }

  ended(child: Child, thrown: Thrown | undefined, value: unknown): void {
    const { name, future } = child;
    const what = `'${name}'`;
    if (!this.#busy.has(child)) {
      this.#endedLate(child, what, thrown);
      return;
    }
    this.children.freePlace();
    const isFailed = thrown !== undefined && !child.isDueToCancelling(thrown.error);
    if (!thrown) child.finish("done", value);
    else if (!isFailed) child.finish("cancelled", child.cancellation!.reason);
    else {
      child.finish("failed", thrown.error);
      this.failures.add({ name, what, error: thrown.error, future, isFatal: this.#isFailFast });
    }
    child.ended();
    if (isFailed && this.#isFailFast) this.#cancelAfter(what, thrown.error);
    this.children.beginWaiting();
  }

  #bodyEnded(thrown: Thrown | undefined): void {
    if (!this.#busy.has(this.root)) {
      this.#endedLate(this.root, "the body", thrown);
      return;
    }
    const isFailed = thrown !== undefined && !this.root.isDueToCancelling(thrown.error);
    const what = "its body";
    if (isFailed) this.failures.add({ name: undefined, what, error: thrown.error, future: undefined, isFatal: true });
    this.root.ended();
    if (isFailed) this.#cancelAfter(what, thrown.error);
    this.#end();
  }

  /** It was left behind. */
  #endedLate(strand: Strand, name: string, thrown: Thrown | undefined): void {
    if (thrown && !strand.isDueToCancelling(thrown.error)) {
      reportLateFailure(`${name} of the group '${this.name}'`, thrown.error);
    }
    strand.ended();
  }

  // How it ends.

  get #isDrained(): boolean {
    return this.children.running === 0 && this.children.waiting === 0;
  }

  /** @throws {TypeError} where the running code is in such a strand of the group, and would wait for itself */
  #assertOutside(what: string, isConcerned: (strand: Strand) => boolean): void {
    for (let scope = currentScope(); scope; scope = scope.outer) {
      if (!(scope instanceof Strand) || scope.owner !== this || !isConcerned(scope)) continue;
      throw new TypeError(`Cannot wait for the ${what} '${this.name}' inside of it as it would wait for itself`);
    }
  }

  #expire(timeout: number): void {
    const pending = listPending([...this.#busy], this.children.waiting);
    const message = `Cannot finish the group '${this.name}' within ${timeout} ms as it still waits for ${pending}`;
    this.cancel(new TimeoutError(message, timeout));
  }

  #cancelAfter(name: string, error: unknown): void {
    this.#cancel(new CancelledError(`The group '${this.name}' was cancelled as ${name} failed`, { cause: error }));
  }

  #cancel(reason: unknown): boolean {
    if (this.root.cancellation || this.#state === "closed") return false;
    this.#expiry.stop();
    const waiting = this.children.takeWaiting();
    const strands = [...this.#busy];
    // The signal of the body first: who hears of it finds the group cancelled.
    this.root.abort(reason);
    for (const child of waiting) child.finish("cancelled", reason);
    for (const strand of strands) strand.abort(reason);
    // After those of the groups inside, so that they report what they left behind before this one reports them.
    if (this.#busy.size > 0) this.#graceTimer = setTimeout(() => this.#leaveBehind(), this.grace);
    this.#check();
    return true;
  }

  #leaveBehind(): void {
    const left = [...this.#busy];
    const error = leftBehind(this.name, this.grace, left);
    this.#hasLeftBehind = true;
    this.failures.add({ name: undefined, what: "its cancellation", error, future: undefined, isFatal: true });
    const hasBody = this.root.isRunning;
    this.#busy.clear();
    this.children.forgetRunning();
    for (const strand of left) {
      if (!(strand instanceof Child) || !strand.isRunning) continue;
      strand.finish("failed", error);
      this.failures.add({ name: strand.name, what: "its cancellation", error, future: strand.future, isFatal: true });
    }
    if (hasBody) this.#end();
    else this.#check();
  }

  /** Closes it once all have ended. */
  #end(): void {
    if (this.#state === "open") this.#state = "closing";
    this.#check();
  }

  #check(): void {
    if (!this.#isDrained) return;
    this.#drains.openForAll();
    if (this.#state !== "closing") return;
    if (this.#busy.size === 0) {
      this.#settle();
    } else if (!this.#hasOrphaned && !this.root.isRunning) {
      this.#hasOrphaned = true;
      for (const strand of this.#busy) for (const member of strand.members) member.orphaned();
    }
  }

  #settle(): void {
    this.#state = "closed";
    this.#expiry.stop();
    for (const forget of this.#forgetSignals) forget();
    const error = this.failures.toError(this.#revocation);
    if (error) this.#thrown = { error };
    else if (this.#revocation) this.#thrown = { error: this.#revocation.reason };
    if (this.#tell) this.#tell(this.#thrown);
    else if (error) this.outer?.failed(this.label, error);
    this.outer?.delete(this);
  }

  #wait(): Promise<void> {
    return (this.#joined ??= new Promise((resolve, reject) => {
      this.#tell = (thrown) => (thrown ? reject(thrown.error as Error) : resolve());
      if (this.#state === "closed") this.#tell(this.#thrown);
    }));
  }
}
