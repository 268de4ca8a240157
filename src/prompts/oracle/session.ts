/**
 * One connection while it is lent out, to one who does one thing at a time with it.
 *
 * Owns how far the connection can be trusted. Does not own where it comes from, nor how many there are.
 *
 * States: `good` → `doubtful` (a pipeline was broken off in it, or a break met nothing) | `silent` (it did not answer a break) → `released`.
 *
 * O1. What is returned was read whole from the connection before it is given back.
 * O2. It is given back once, in every case.
 * O3. Nobody waits longer for it than a time that is known: it is told to break off, and then given up.
 */
import type { Clock } from "../../config/monotonic.js";
import { onAbort } from "../../config/on-abort.js";
import { TimeoutError } from "../../errors.js";
import { type OracleConnection, sever } from "./driver.js";
import { isWithin } from "./is-within.js";

/** What is done, as messages name it, and how long it may take, in ms. */
export interface TaskLimits {
  readonly name: string;
  readonly timeout: number;
}

/** How something is done with a connection. */
export interface SessionTask<T> extends TaskLimits {
  /** @param hasEnded - whether it was given up: nothing more is to be begun then */
  readonly work: (connection: OracleConnection, hasEnded: () => boolean) => Promise<T>;
  /** Whether the connection is fit for others when it was broken off. */
  readonly canBreak: boolean;
}

/** What sessions are kept by. */
export interface SessionSurroundings {
  readonly clock: Clock;
  /** How long a connection may take to answer, in ms. */
  readonly breakTimeout: number;
  /** Told of a connection that does not answer; `gone` resolves when the driver has let go of it after all. */
  readonly lost: (gone: Promise<void>) => void;
}

export class Session {
  readonly #connection: OracleConnection;
  readonly #surroundings: SessionSurroundings;
  #state: "good" | "doubtful" | "silent" | "released" = "good";

  constructor(connection: OracleConnection, surroundings: SessionSurroundings) {
    this.#connection = connection;
    this.#surroundings = surroundings;
  }

  /** Whether something else can be done with it. */
  get isGood(): boolean {
    return this.#state === "good";
  }

  /** Does something, and rejects with its error, or with the reason of `ending` once the connection has stopped. */
  async run<T>({ work, canBreak }: SessionTask<T>, ending: Ending): Promise<T> {
    if (ending.hasCome) throw ending.reason;
    const working = begin((connection) => work(connection, () => ending.hasCome), this.#connection);
    let outcome: "none" | "answer" | "failure" = "none";
    const settled = working.then(
      () => void (outcome = "answer"),
      () => void (outcome = "failure"),
    );
    const hasAnswered = (): boolean => outcome === "answer";
    await Promise.race([settled, ending.happened]);
    // What has come is not thrown away: a break now would hit whatever is done next.
    if (outcome !== "none") return working;
    // So would one that met no statement any more.
    await this.#breakOff(settled, () => canBreak && !hasAnswered());
    throw ending.reason;
  }

  /** O2 */
  async release(): Promise<void> {
    const { lost } = this.#surroundings;
    if (this.#state === "released") return;
    const state = this.#state;
    this.#state = "released";
    if (state === "silent") return;
    // The thin driver drops only what is cut: `drop` alone would put it back into the pool.
    if (state === "doubtful") sever(this.#connection);
    const closed = begin((connection) => connection.close(...drop(state)), this.#connection).then(ignore, ignore);
    if (await this.#isWithin(closed)) return;
    sever(this.#connection);
    lost(closed);
  }

  /** O3 */
  async #breakOff(settled: Promise<void>, isFit: () => boolean): Promise<void> {
    // Its answer tells nothing: what counts is that the statement ends.
    void begin((connection) => connection.break(), this.#connection).then(ignore, ignore);
    if (await this.#isWithin(settled)) {
      if (!isFit()) this.#state = "doubtful";
      return;
    }
    this.#state = "silent";
    sever(this.#connection);
    // The driver closes it when its statement has ended, should that ever be.
    this.#surroundings.lost(
      begin((connection) => connection.close({ drop: true }), this.#connection).then(ignore, ignore),
    );
  }

  #isWithin(settled: Promise<void>): Promise<boolean> {
    const { breakTimeout, clock } = this.#surroundings;
    return isWithin(breakTimeout, clock, settled);
  }
}

/** When an attempt is given up: by a signal, or as it takes too long. */
export class Ending implements Disposable {
  /** Resolves when it comes; never, when it does not. */
  readonly happened: Promise<void>;
  hasCome = false;
  reason: unknown;
  readonly #forget: (() => void)[];

  constructor(signals: readonly AbortSignal[], { name, timeout }: TaskLimits, clock: Clock) {
    const { promise, resolve } = withResolve();
    const end = (reason: unknown): void => {
      if (this.hasCome) return;
      this.hasCome = true;
      this.reason = reason;
      resolve();
    };
    this.happened = promise;
    const tooLate = (): void =>
      end(new TimeoutError(`Cannot do '${name}' within ${timeout} ms as the database did not answer`, timeout));
    this.#forget = timeout === Number.POSITIVE_INFINITY ? [] : [clock.after(timeout, tooLate)];
    for (const signal of signals) {
      this.#forget.push(onAbort(signal, end));
      if (signal.aborted) end(signal.reason);
    }
  }

  [Symbol.dispose](): void {
    for (const forget of this.#forget) forget();
  }
}

function ignore(): void {}

function drop(state: "good" | "doubtful"): [] | [{ readonly drop: boolean }] {
  return state === "good" ? [] : [{ drop: true }];
}

function withResolve(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((resolver) => (resolve = resolver));
  return { promise, resolve };
}

/** What a driver throws at once is a failure like any other. */
async function begin<T>(work: (connection: OracleConnection) => Promise<T>, connection: OracleConnection): Promise<T> {
  return work(connection);
}
