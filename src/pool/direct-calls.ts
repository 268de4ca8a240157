/**
 * The borrower's side of `Lending`: calls to lent workers, past the thread of their pool.
 *
 * Owns the lines, the lease that lasts until the next request, and what was done since the last one.
 */
import { steadyNow } from "../config/steady-clock.js";
import type { Bell } from "../wire/bell.js";
import { DirectLine } from "../wire/direct-line.js";
import { type Balancer, type Candidate, createBalancer } from "./balancers.js";
import type { Lease, LentWorker, Usage } from "./lending.js";
import type { MethodInfo } from "./method-plan.js";

export class DirectCalls {
  readonly #bell: Bell;
  /** By the id of the worker, those that are lent or were. */
  #workers = new Map<string, BorrowedWorker>();
  #lease: Lease | undefined;
  #lent: readonly BorrowedWorker[] = [];
  #balancer: Balancer<BorrowedWorker> | undefined;
  #made = 0;

  /** @param bell - by which this thread is woken */
  constructor(bell: Bell) {
    this.#bell = bell;
  }

  borrow(lease: Lease | undefined): void {
    this.#lease = lease;
    this.#made = 0;
    if (!lease) return;
    this.#lent = lease.workers.map((lent) => this.#workers.get(lent.id) ?? new BorrowedWorker(lent, this.#bell));
    const balancer = (this.#balancer ??= createBalancer(lease.balancing));
    const kept = new Map(this.#lent.map((worker) => [worker.id, worker]));
    for (const [id, worker] of this.#workers) if (!kept.has(id)) this.#drop(worker);
    this.#workers = kept;
    for (const [at, worker] of this.#lent.entries()) {
      worker.total = lease.workers[at]!.total;
      balancer.changed(worker);
    }
  }

  /** Gives back what is lent; returns what was done with it. */
  giveBack(): Usage[] {
    this.#lease = undefined;
    return this.#lent.filter(({ wasUsed }) => wasUsed).map((worker) => worker.report());
  }

  /** The worker to make a call of this method to; `undefined` where the pool has to do it. */
  workerFor(method: MethodInfo): BorrowedWorker | undefined {
    const lease = this.#lease;
    if (!lease || this.#made >= lease.calls || !lease.methods[method.index]) return undefined;
    const worker = this.#balancer!.choose()!;
    return worker.isAlive ? worker : undefined;
  }

  /**
   * Makes a call and waits for the answer, an entry of `ToCaller`; `undefined` where there is none, see `DirectLine`.
   * @throws what the serializer throws; then there is no call
   */
  call(worker: BorrowedWorker, method: MethodInfo, args: readonly unknown[]): unknown[] | undefined {
    this.#made += 1;
    worker.total += 1;
    if (this.#balancer!.followsLoad) this.#balancer!.changed(worker);
    return worker.call(this.#lease!.after + this.#made, method.index, args);
  }

  close(): void {
    for (const worker of this.#workers.values()) this.#drop(worker);
    this.#workers.clear();
  }

  #drop(worker: BorrowedWorker): void {
    this.#balancer!.removed(worker);
    worker.close();
  }
}

const FIRST_TIMES = 64;

/** One worker, and what was done with it. */
export class BorrowedWorker implements Candidate {
  readonly id: string;
  readonly index: number;
  readonly #line: DirectLine;
  /** Calls given to its place so far. */
  total = 0;
  /** As a strategy sees it between two calls: it is lent as it has nothing to do. */
  readonly active = 0;
  readonly isOpen = true;
  readonly isIdle = true;
  /** For each call that was answered, how long it ran and waited. */
  #times = new Float64Array(FIRST_TIMES);
  #filled = 0;
  #failed = 0;
  #lost = 0;

  constructor({ index, id, line }: LentWorker, bell: Bell) {
    this.id = id;
    this.index = index;
    this.#line = new DirectLine(line!, bell);
  }

  get isAlive(): boolean {
    return this.#line.isOpen;
  }

  get wasUsed(): boolean {
    return this.#filled > 0 || this.#lost > 0;
  }

  /** Whether it sent what cannot be read. */
  get isUnreadable(): boolean {
    return this.#line.unreadable !== undefined;
  }

  call(sequence: number, method: number, args: readonly unknown[]): unknown[] | undefined {
    const start = steadyNow();
    const answer = this.#line.call(sequence, method, args);
    if (answer) this.#note(answer[2] as number, steadyNow() - start);
    return answer;
  }

  /** That the last answer was an error. */
  noteFailure(): void {
    this.#failed += 1;
  }

  /** Whether the worker may have begun the last call, which it did not answer. */
  noteLoss(): boolean {
    const mayHaveBegun = this.#line.isTaken;
    if (mayHaveBegun) this.#lost += 1;
    return mayHaveBegun;
  }

  report(): Usage {
    const usage: Usage = {
      index: this.index,
      id: this.id,
      failed: this.#failed,
      lost: this.#lost,
      times: this.#times.slice(0, this.#filled),
    };
    this.#filled = this.#failed = this.#lost = 0;
    return usage;
  }

  close(): void {
    this.#line.close();
  }

  #note(ran: number, took: number): void {
    if (this.#filled === this.#times.length) {
      const more = new Float64Array(2 * this.#times.length);
      more.set(this.#times);
      this.#times = more;
    }
    this.#times[this.#filled] = ran;
    this.#times[this.#filled + 1] = Math.max(0, took - ran);
    this.#filled += 2;
  }
}
