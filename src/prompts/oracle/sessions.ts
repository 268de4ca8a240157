/**
 * The connections to one database.
 *
 * Owns the driver's pool, which is made when it is first needed, and the count of connections that are lost. Does not own
 * how many are asked for at once: the pool of calls sees to it that they are never more than `poolMax`.
 *
 * N1. Each connection that arrives is given back, also one that nobody waits for any more.
 * N2. The driver's own queue is never relied on: where a connection is lost, the driver's pool may hold one more.
 * N3. After `stop` there is no connection, but those that do not answer.
 * N4. The driver is to keep connections only while the database can be reached: otherwise it would try without a pause.
 */
import { randomUUID } from "node:crypto";
import { machineClock } from "../../config/monotonic.js";
import { PoolStoppedError } from "../../errors.js";
import type { OracleConnection, OraclePool } from "./driver.js";
import { isWithin } from "./is-within.js";
import type { ResolvedOracle } from "./oracle-options.js";
import { Ending, Session, type SessionSurroundings, type SessionTask, type TaskLimits } from "./session.js";
import { markUnsent } from "./unsent.js";

export class Sessions {
  readonly #options: ResolvedOracle;
  readonly #surroundings: SessionSurroundings;
  /** What uses a connection, or gives one back. */
  readonly #out = new Set<Promise<unknown>>();
  #pool: Promise<OraclePool> | undefined;
  #lost = 0;
  #reconfiguring: Promise<unknown> = Promise.resolve();
  /** Whether the last connection that was asked for could be had. */
  #isReachable = false;
  /** Fires for all that still run: what runs in a pool is not told that the pool stops. */
  readonly #stopped = new AbortController();

  constructor(options: ResolvedOracle) {
    this.#options = options;
    this.#surroundings = {
      clock: machineClock,
      breakTimeout: options.breakTimeout,
      lost: (gone) => this.#lose(gone),
    };
  }

  /** Those that do not answer, and were given up. */
  get lost(): number {
    return this.#lost;
  }

  /** Does something with a connection, and gives it back. */
  use<T>(task: SessionTask<T>, signal: AbortSignal): Promise<T> {
    return this.#tracked(this.#use(task, signal));
  }

  /** Lends a connection until `isOver` resolves or the signal fires; who has it asks one thing after the other. */
  hold(task: TaskLimits, signal: AbortSignal, hold: Hold): Promise<void> {
    return this.#tracked(this.#hold(task, signal, hold));
  }

  /** Gives up all connections when those lent out are back. */
  async stop(): Promise<void> {
    this.#stopped.abort(new PoolStoppedError("Cannot go on as Oracle is stopped"));
    while (this.#out.size > 0) await Promise.allSettled(this.#out);
    // A connection that is lost may keep the driver waiting: it is not waited for.
    await this.#isWithin(this.#close());
  }

  async #close(): Promise<void> {
    const pool = await this.#pool;
    if (!this.#options.pool) await pool?.close(0);
  }

  async #use<T>(task: SessionTask<T>, signal: AbortSignal): Promise<T> {
    using ending = this.#ending([signal], task);
    const session = await this.#take(ending);
    try {
      return await session.run(task, ending);
    } finally {
      await session.release();
    }
  }

  async #hold(task: TaskLimits, signal: AbortSignal, hold: Hold): Promise<void> {
    const session = await this.#taken(task, signal);
    let running: Promise<unknown> = Promise.resolve();
    try {
      hold.lend((inner, innerSignal) => {
        const outcome = this.#runIn(session, inner, [innerSignal, signal]);
        running = outcome.then(ignore, ignore);
        return outcome;
      });
      using ending = this.#ending([signal], { ...task, timeout: Number.POSITIVE_INFINITY });
      await Promise.race([hold.isOver, ending.happened]);
      if (ending.hasCome) throw ending.reason;
    } finally {
      await running;
      await session.release();
    }
  }

  async #taken(task: TaskLimits, signal: AbortSignal): Promise<Session> {
    using ending = this.#ending([signal], task);
    return await this.#take(ending);
  }

  async #runIn<T>(session: Session, task: SessionTask<T>, signals: readonly AbortSignal[]): Promise<T> {
    this.#stopped.signal.throwIfAborted();
    if (!session.isGood) throw new PoolStoppedError(`Cannot do '${task.name}' as the connection of the chat is lost`);
    using ending = this.#ending(signals, task);
    return await session.run(task, ending);
  }

  async #take(ending: Ending): Promise<Session> {
    if (ending.hasCome) throw ending.reason;
    const arriving = this.#connect();
    const arrived = arriving.then(ignore, ignore);
    await Promise.race([arrived, ending.happened]);
    if (!ending.hasCome) return this.#session(await arriving);
    // N1
    const back = arriving.then((connection) => this.#session(connection).release(), ignore);
    if (!(await this.#isWithin(back))) this.#lose(back);
    throw ending.reason;
  }

  #ending(signals: readonly AbortSignal[], task: TaskLimits): Ending {
    return new Ending([...signals, this.#stopped.signal], task, this.#surroundings.clock);
  }

  #isWithin(promise: Promise<unknown>): Promise<boolean> {
    return isWithin(this.#options.breakTimeout, this.#surroundings.clock, promise);
  }

  #session(connection: OracleConnection): Session {
    return new Session(connection, this.#surroundings);
  }

  async #connect(): Promise<OracleConnection> {
    if (this.#stopped.signal.aborted) throw new PoolStoppedError("Cannot connect to Oracle as it is stopped");
    try {
      const pool = await this.#open();
      const connection = await pool.getConnection();
      this.#reached(true);
      return connection;
    } catch (error) {
      this.#reached(false);
      throw markUnsent(error);
    }
  }

  #open(): Promise<OraclePool> {
    if (this.#pool) return this.#pool;
    const { pool, driver, connect } = this.#options;
    // An alias of its own: the first pool without one becomes the one of the whole program.
    const poolAlias = `manyhands-${randomUUID()}`;
    const opening = pool ? Promise.resolve(pool) : driver.createPool({ poolAlias, ...connect() });
    this.#pool = opening;
    opening.catch(() => (this.#pool = undefined));
    return opening;
  }

  /** N4 */
  #reached(isReachable: boolean): void {
    if (this.#isReachable === isReachable) return;
    this.#isReachable = isReachable;
    if (this.#options.poolMin > 0) this.#reconfigure();
  }

  /** N2 */
  #lose(gone: Promise<unknown>): void {
    this.#lost += 1;
    this.#reconfigure();
    void gone.then(() => {
      this.#lost -= 1;
      this.#reconfigure();
    });
  }

  #reconfigure(): void {
    if (this.#options.pool) return;
    const reconfigure = async (): Promise<void> => {
      const pool = await this.#pool;
      if (this.#stopped.signal.aborted) return;
      const { poolMin, poolMax } = this.#options;
      await pool?.reconfigure?.({ poolMin: this.#isReachable ? poolMin : 0, poolMax: poolMax + this.#lost });
    };
    // The driver refuses a second change while one is under way.
    this.#reconfiguring = this.#reconfiguring.then(reconfigure).catch(ignore);
  }

  #tracked<T>(promise: Promise<T>): Promise<T> {
    this.#out.add(promise);
    const forget = (): void => void this.#out.delete(promise);
    promise.then(forget, forget);
    return promise;
  }
}

/** Does something with the connection that is held. */
export type RunHeld = <T>(task: SessionTask<T>, signal: AbortSignal) => Promise<T>;

/** What a connection is held for. */
export interface Hold {
  lend(run: RunHeld): void;
  /** Resolves when it is needed no more. */
  readonly isOver: Promise<void>;
}

function ignore(): void {}
