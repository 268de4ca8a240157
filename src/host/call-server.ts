/**
 * Runs the calls of one worker: the same code in all modes, in this event loop or behind a channel.
 *
 * Owns the instance, the calls that run, and those that wait for one of them to end. Does not know where it runs, nor
 * how replies travel (`Replies`).
 *
 * A call is waiting → running → replied, or waiting → dropped (cancelled before it began).
 *
 * C1. Each call gets exactly one `done` or `failed`; a dropped one too, an abandoned one none.
 * C2. Calls begin in the order they came, at most `concurrency` at once; urgent ones begin beside them.
 * C3. After a call that was not swift the event loop turns before the next begins, so that a cancellation that arrived
 *     meanwhile still finds the next one waiting.
 */
import { lastNow, pass, readNow, untilTurn } from "../config/turn-clock.js";
import { CancelledError, SerializationError } from "../errors.js";
import type { Grant, Limits } from "../limits/grant.js";
import {
  ASKS_AT_ONCE,
  beginFollowed,
  beginPart,
  type CallContext,
  type CallHost,
  endedAtOnce,
  endedLater,
  endPart,
  followsAll,
  runInCall,
  setExclusiveHost,
  wentOn,
} from "./call-context.js";
import { LATER } from "./later.js";
import { hasScopes, runOutsideScopes } from "../scope/current-scope.js";
import { RunningCall } from "./running-call.js";
import { isIterator, serveStream } from "./serve-stream.js";

/** Where the outcome of calls goes: straight to the caller, or onto a wire. */
export interface Replies {
  /** `method` is for messages, here and below. */
  done(id: number, ran: number, value: unknown, method: number): void;
  failed(id: number, ran: number, thrown: unknown): void;
  items(id: number, items: unknown[], method: number): void;
  progress(id: number, done: number, total: number | undefined): void;
  log(id: number, values: unknown[]): void;
  /** A call that was abandoned has ended after all; only where calls can be. */
  abandonedEnded?(id: number): void;
}

/** One call as the host sees it. */
export interface HostedCall {
  readonly sequence: number;
  readonly method: number;
  readonly args: readonly unknown[];
  readonly attempt: number;
  /** In ms since the epoch; 0 for none. */
  readonly deadline: number;
  /** Items a stream may be ahead; 0 when the result is a single value. */
  readonly readAhead: number;
  /** Begins at once, beside what runs. */
  readonly isUrgent: boolean;
  /** The how-manieth call of this host it is; 0 for an urgent one. */
  readonly handedAs: number;
  /** What it took of limits before it came here; only where its method has a declared cost. */
  readonly grant: Grant | undefined;
}

/** One of a caller in the same event loop. */
export interface LocalCall extends HostedCall {
  /** How long it ran, in ms: told here where the outcome is returned. */
  ran: number | undefined;
}

/** What decides, in one mode, when the next call may begin. */
export interface Pacing {
  /** Called before a call begins; `false` holds it back until `resume()`. */
  mayBegin(hosted: HostedCall): boolean;
  /** Whether a call of this method may begin before it is known what came with it: a cancellation, perhaps. */
  mayBeginBlindly(method: number): boolean;
  /** Called when a call ended; `true` lets the next begin in the same turn (C3). */
  mayGoOn(method: number, ran: number): boolean;
  /** Runs a function in the next turn of the event loop, after what has arrived by then. */
  nextTurn(fn: () => void): void;
}

type Method = (this: object, ...args: unknown[]) => unknown;

/** So many results in a row, each at once, prove a method one whose calls do not go on after their first part. */
const PROOF = 8;

export class CallServer implements CallHost {
  readonly #instance: object;
  readonly #methods: readonly Method[];
  readonly #names: readonly string[];
  readonly #concurrency: number;
  /** One call at a time, and no other worker in this event loop. */
  readonly #followsOne: boolean;
  /** Its methods ask for their call only at once. */
  readonly #followsNone: boolean;
  readonly #idPrefix: string;
  readonly #limits: Limits;
  readonly #replies: Replies;
  readonly #pacing: Pacing;
  readonly #waiting = new Map<number, HostedCall>();
  /** Those that go on after their first, synchronous part. */
  readonly #running = new Map<number, RunningCall>();
  /** The one that runs, where no other can (`#isExclusive`), and how it shows itself, once it is asked to. */
  #alone: HostedCall | undefined;
  #shown: RunningCall | undefined;
  /** The call whose first, synchronous part runs, how it shows itself, once it is asked to, and the one that it is made in. */
  #beginning: HostedCall | undefined;
  #beginningShown: RunningCall | undefined;
  #outer: RunningCall | undefined;
  /** By method, the results in a row that were there at once. */
  readonly #streaks: Uint8Array;
  /** Running calls that count towards `concurrency`. */
  #ordered = 0;
  #isHeld = false;
  #isPumping = false;
  #isTaking = false;
  #onIdle: (() => void)[] = [];

  constructor(
    instance: object,
    methods: readonly string[],
    options: { concurrency: number; pool: string; isAlone: boolean; limits: Limits },
    replies: Replies,
    pacing: Pacing,
  ) {
    this.#instance = instance;
    this.#names = methods;
    this.#methods = methods.map((name) => (instance as Record<string, Method>)[name]!);
    this.#concurrency = options.concurrency;
    this.#followsOne = options.isAlone && options.concurrency === 1;
    this.#followsNone = (instance as { readonly [ASKS_AT_ONCE]?: unknown })[ASKS_AT_ONCE] === true;
    this.#streaks = new Uint8Array(methods.length);
    this.#idPrefix = `${options.pool}:`;
    this.#limits = options.limits;
    this.#replies = replies;
    this.#pacing = pacing;
  }

  get isIdle(): boolean {
    return this.#running.size === 0 && this.#waiting.size === 0;
  }

  /**
   * As `call`, where nothing paces them, for those who are there to take the outcome: returns the result where it is there at
   * once, and throws the error, instead of a reply; else `LATER`, and a reply follows.
   */
  run(hosted: LocalCall): unknown {
    if (hosted.isUrgent || this.#waiting.size > 0 || this.#ordered >= this.#concurrency) {
      this.call(hosted);
      return LATER;
    }
    this.#ordered += 1;
    const startedAt = lastNow();
    let result: unknown;
    let isFailed = false;
    try {
      result = this.#runPart(hosted, startedAt);
    } catch (error) {
      isFailed = true;
      result = error;
    }
    if (result === LATER) return LATER;
    // Others, which came meanwhile, begin only when it is known how this one ended.
    if (this.#waiting.size > 0 || this.#onIdle.length > 0) {
      this.#end(hosted, startedAt, isFailed, result);
      return LATER;
    }
    this.#ordered -= 1;
    hosted.ran = readNow() - startedAt;
    if (isFailed) throw result;
    return result;
  }

  /** Takes several calls, and cancellations, that came together. */
  together(take: () => void): void {
    this.#isTaking = true;
    try {
      take();
    } finally {
      this.#isTaking = false;
      if (!this.#isHeld && this.#waiting.size > 0) this.resume();
    }
  }

  /** Takes a call; begins it at once when there is room. */
  call(hosted: HostedCall): void {
    if (hosted.isUrgent) {
      this.#begin(hosted);
    } else if (this.#isHeld || this.#waiting.size > 0 || this.#ordered >= this.#concurrency || this.#isBlind(hosted)) {
      this.#waiting.set(hosted.sequence, hosted);
    } else if (this.#pacing.mayBegin(hosted)) {
      this.#begin(hosted);
    } else {
      this.#isHeld = true;
      this.#waiting.set(hosted.sequence, hosted);
    }
  }

  /** Whether what came with the call is still to be looked at, and should be before it begins. */
  #isBlind({ method }: HostedCall): boolean {
    return this.#isTaking && !this.#pacing.mayBeginBlindly(method);
  }

  /**
   * Drops a waiting call, or fires the signal of a running one. Knows nothing of calls that have ended.
   *
   * @param hasBegun - whether its caller takes it to have begun
   */
  cancel(id: number, reason: unknown, hasBegun = false): void {
    // Of calls that came with this, those begin for which there is room: so the caller had it.
    if (hasBegun && this.#isTaking && !this.#isHeld) this.resume();
    if (this.#waiting.delete(id)) {
      this.#replies.failed(id, 0, reason);
      this.#checkIdle();
      return;
    }
    (this.#running.get(id) ?? this.#beginningOf(id))?.abort(reason);
  }

  /** Makes room for others beside a running call that was given up, and stops listening to it. */
  abandon(id: number): void {
    const running = this.#running.get(id);
    if (!running) return;
    running.isAbandoned = true;
    this.#running.delete(id);
    if (!running.hosted.isUrgent) this.#ordered -= 1;
    this.resume();
  }

  pull(id: number, count: number): void {
    this.#running.get(id)?.stream?.pull(count);
  }

  close(id: number): void {
    const running = this.#running.get(id);
    if (running) running.stream?.close();
    else this.cancel(id, new CancelledError("The stream is no longer read"));
  }

  /** Calls a method outside the order of calls, for a health check. */
  probe(method: number): unknown {
    return this.#methods[method]!.call(this.#instance);
  }

  /** Lets waiting calls begin again after `mayBegin` or `mayGoOn` held them back. */
  resume(): void {
    this.#isHeld = false;
    // A call that ends within `#begin` comes back here: the loop that runs already goes on with the next.
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.#waiting.size > 0 && this.#ordered < this.#concurrency && !this.#isHeld) {
        const [id, hosted] = this.#waiting.entries().next().value!;
        if (this.#pacing.mayBegin(hosted)) {
          this.#waiting.delete(id);
          this.#begin(hosted);
        } else {
          this.#isHeld = true;
        }
      }
    } finally {
      this.#isPumping = false;
    }
    this.#checkIdle();
  }

  /** Resolves when nothing runs or waits. */
  async idle(): Promise<void> {
    if (this.isIdle) return;
    await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  /** Runs the worker's own disposer, where it has one. */
  async dispose(): Promise<void> {
    const disposable = this.#instance as Partial<AsyncDisposable & Disposable>;
    if (disposable[Symbol.asyncDispose]) await disposable[Symbol.asyncDispose]!();
    else disposable[Symbol.dispose]?.();
  }

  /** The call whose first part runs, else the one that runs where no other can. */
  get current(): CallContext | undefined {
    if (this.#beginning !== undefined) return this.#showBeginning();
    return this.#alone && this.#show(this.#alone);
  }

  #show(alone: HostedCall): RunningCall {
    // Most methods never ask.
    return (this.#shown ??= new RunningCall(this.#idPrefix, alone, this.#replies, this.#limits, undefined));
  }

  #begin(hosted: HostedCall): void {
    // Before it runs: a call that it makes itself, in the same event loop, must find the place taken (C2).
    if (!hosted.isUrgent) this.#ordered += 1;
    if (this.#isExclusive(hosted)) this.#beginAlone(hosted);
    else this.#beginBeside(hosted);
  }

  #beginAlone(hosted: HostedCall): void {
    const startedAt = lastNow();
    this.#alone = hosted;
    setExclusiveHost(this);
    let result: unknown;
    let kind: Kind;
    try {
      result = Reflect.apply(this.#methods[hosted.method]!, this.#instance, hosted.args);
      kind = this.#kindOf(hosted, result);
    } catch (error) {
      this.#end(hosted, startedAt, true, error);
      return;
    }
    if (kind === "value") this.#end(hosted, startedAt, false, result);
    else this.#goOn(hosted, this.#show(hosted), startedAt, kind, result);
  }

  /** Begins a call that others may run beside, of this worker or another, or code of the caller. */
  #beginBeside(hosted: HostedCall): void {
    const startedAt = lastNow();
    let result: unknown;
    try {
      result = this.#runPart(hosted, startedAt);
    } catch (error) {
      this.#end(hosted, startedAt, true, error);
      return;
    }
    if (result !== LATER) this.#end(hosted, startedAt, false, result);
  }

  /** Runs the first, synchronous part of a call beside others: its result, or `LATER` where it goes on. */
  #runPart(hosted: HostedCall, startedAt: number): unknown {
    if (this.#beginning !== undefined) return this.#runWithin(this.#showBeginning(), hosted, startedAt);
    this.#beginning = hosted;
    const outer = beginPart(this);
    // One that is made in the first part of another would be taken for that, if both went on.
    const isFollowed = !this.#followsNone && (outer !== undefined || this.#isFollowed(hosted));
    let isOver = true;
    // What was read of the clock is of no use to those that the call makes.
    pass();
    try {
      const result = isFollowed ? this.#runFollowed(hosted) : this.#invoke(hosted);
      const kind = this.#kindOf(hosted, result);
      if (kind === "value") return result;
      isOver = false;
      this.#wentOn(hosted, isFollowed, startedAt, kind, result);
      return LATER;
    } finally {
      endPart(outer);
      this.#beginning = undefined;
      this.#beginningShown = undefined;
      if (isFollowed && isOver) this.#endedAtOnce(hosted);
    }
  }

  /** The same, of a call that is made in the first part of another. */
  #runWithin(outer: RunningCall, hosted: HostedCall, startedAt: number): unknown {
    const around = this.#outer;
    this.#outer = outer;
    this.#beginning = undefined;
    this.#beginningShown = undefined;
    try {
      return this.#runPart(hosted, startedAt);
    } finally {
      this.#outer = around;
      this.#beginning = outer.hosted;
      this.#beginningShown = outer;
    }
  }

  #wentOn(hosted: HostedCall, isFollowed: boolean, startedAt: number, kind: Kind, result: unknown): void {
    const running = this.#showBeginning();
    this.#streaks[hosted.method] = 0;
    if (!this.#followsNone) wentOn(running, isFollowed);
    this.#goOn(hosted, running, startedAt, kind, result);
  }

  /** Whether it may have to be found after its first part, too: as long as its method was not seen to end with that. */
  #isFollowed({ method, readAhead }: HostedCall): boolean {
    return followsAll() || readAhead > 0 || this.#streaks[method]! < PROOF;
  }

  #runFollowed(hosted: HostedCall): unknown {
    return beginFollowed(this.#showBeginning(), () => this.#invoke(hosted));
  }

  #endedAtOnce({ method }: HostedCall): void {
    const streak = this.#streaks[method]!;
    if (streak < PROOF) this.#streaks[method] = streak + 1;
    endedAtOnce();
  }

  #invoke({ method, args }: HostedCall): unknown {
    // What the caller's scopes own is the call, and not what the worker makes of it: so it is in threads and processes.
    if (!hasScopes()) return Reflect.apply(this.#methods[method]!, this.#instance, args);
    return runOutsideScopes((): unknown => Reflect.apply(this.#methods[method]!, this.#instance, args));
  }

  #showBeginning(): RunningCall {
    return (this.#beginningShown ??= new RunningCall(
      this.#idPrefix,
      this.#beginning!,
      this.#replies,
      this.#limits,
      this.#outer,
    ));
  }

  /** The first, synchronous part of the call is over, and it is not. */
  #goOn(hosted: HostedCall, running: RunningCall, startedAt: number, kind: Kind, result: unknown): void {
    pass();
    this.#running.set(hosted.sequence, running);
    const finish = (isFailed: boolean, value: unknown): void => {
      endedLater(running);
      if (running.isAbandoned) {
        this.#replies.abandonedEnded?.(hosted.sequence);
      } else {
        this.#running.delete(hosted.sequence);
        this.#end(hosted, startedAt, isFailed, value);
      }
    };
    if (kind === "stream") {
      this.#beginStream(hosted, running, result, finish);
    } else {
      void Promise.resolve(result).then(
        (value) => finish(false, value),
        (error: unknown) => finish(true, error),
      );
    }
  }

  #beginningOf(id: number): RunningCall | undefined {
    let running = this.#beginning && this.#showBeginning();
    while (running && running.hosted.sequence !== id) running = running.outer;
    return running;
  }

  #beginStream(
    hosted: HostedCall,
    running: RunningCall,
    result: unknown,
    ended: (isFailed: boolean, value: unknown) => void,
  ): void {
    running.stream = serveStream(result, {
      readAhead: hosted.readAhead,
      emit: (items) => this.#replies.items(hosted.sequence, items, hosted.method),
      abort: (reason) => running.abort(reason),
      step: (step) => (this.#isExclusive(hosted) ? step() : runInCall(running, step)),
      ended,
    });
  }

  #end(hosted: HostedCall, startedAt: number, isFailed: boolean, value: unknown): void {
    // It may count for the begin of the next, when that follows at once.
    const ran = readNow() - startedAt;
    if (!hosted.isUrgent) this.#ordered -= 1;
    if (this.#isExclusive(hosted)) this.#alone = this.#shown = undefined;
    if (isFailed) this.#replies.failed(hosted.sequence, ran, value);
    else this.#replies.done(hosted.sequence, ran, value, hosted.method);
    if (this.#pacing.mayGoOn(hosted.method, ran)) {
      if (!this.#isHeld && this.#waiting.size > 0) this.resume();
      else this.#checkIdle();
    } else if (!this.#isHeld) {
      this.#isHeld = true;
      this.#pacing.nextTurn(() => this.resume());
    }
    // Where no other code runs in between, calls of one message share readings.
    if (this.#followsOne) untilTurn();
    else pass();
  }

  /** Whether the call is the only one that runs, so that `call()` need not be followed through its awaits. */
  #isExclusive(hosted: HostedCall): boolean {
    return this.#followsOne && !hosted.isUrgent;
  }

  #checkIdle(): void {
    if (this.#onIdle.length > 0 && this.isIdle) for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  /** May throw, as a result may have getters. */
  #kindOf({ method, readAhead }: HostedCall, result: unknown): Kind {
    if (readAhead > 0) return "stream";
    if (typeof result !== "object" || result === null) return "value";
    if (typeof (result as { then?: unknown }).then === "function") return "promise";
    if (isIterator(result)) throw unexpectedIterator(this.#names[method]!);
    return "value";
  }
}

type Kind = "stream" | "promise" | "value";

function unexpectedIterator(name: string): SerializationError {
  return new SerializationError(
    `Cannot return the result of '${name}' as it is an iterator and '${name}' is not a generator method: write it as ` +
      `'async *${name}', or define it with methods: { ${name}: { stream: true } }`,
    "result",
  );
}
