/**
 * The connections to one database.
 *
 * Owns the driver's pool, which is made when it is first needed, and the count of connections that are lost. Does not own
 * how many are asked for at once: the pool of calls sees to it that they are never more than `poolMax`.
 *
 * N1. Each connection that arrives is given back, also one that nobody waits for any more.
 * N2. The driver's own queue is never relied on: where a connection is lost, the driver's pool may hold one more.
 * N3. After `stop` there is no connection, but those that do not answer.
 */
import { randomUUID } from "node:crypto";
import { machineClock } from "../../config/monotonic.js";
import { PoolStoppedError } from "../../errors.js";
import { settleWithin } from "../../flow/settle-within.js";
import type { OracleConnection, OraclePool } from "./driver.js";
import type { ResolvedOracle } from "./oracle-options.js";
import { Ending, Session, type SessionSurroundings, type SessionTask, type TaskLimits } from "./session.js";
import { markUnsent } from "./unsent.js";

export class Sessions {
  readonly #options: ResolvedOracle;
  readonly #surroundings: SessionSurroundings;
  /** Lent out or arriving. */
  readonly #out = new Set<Promise<unknown>>();
  #pool: Promise<OraclePool> | undefined;
  #lost = 0;
  #resizing: Promise<unknown> = Promise.resolve();
  #isStopped = false;

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
  async use<T>(task: SessionTask<T>, signal: AbortSignal): Promise<T> {
    using ending = new Ending([signal], task, this.#surroundings.clock);
    const session = await this.#take(ending);
    try {
      return await session.run(task, ending);
    } finally {
      await this.#tracked(session.release());
    }
  }

  /** Lends a connection until `isOver` resolves or the signal fires; who has it asks one thing after the other. */
  async hold(task: TaskLimits, signal: AbortSignal, hold: Hold): Promise<void> {
    const session = await this.#taken(task, signal);
    let running: Promise<unknown> = Promise.resolve();
    try {
      hold.lend((inner, innerSignal) => {
        const outcome = this.#runIn(session, inner, [innerSignal, signal]);
        running = outcome.then(ignore, ignore);
        return outcome;
      });
      await hold.isOver(signal);
    } finally {
      await running;
      await this.#tracked(session.release());
    }
  }

  /** Gives up all connections when those lent out are back. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    while (this.#out.size > 0) await Promise.allSettled(this.#out);
    const { pool: own, breakTimeout } = this.#options;
    const pool = await this.#pool?.catch(ignore);
    if (!pool || own) return;
    // A connection that is lost may keep the driver waiting: it is not waited for.
    const closing = pool.close(0).catch(ignore);
    await settleWithin(
      breakTimeout,
      this.#surroundings.clock,
      () => closing,
      () => new Error("late"),
    ).catch(ignore);
  }

  async #taken(task: TaskLimits, signal: AbortSignal): Promise<Session> {
    using ending = new Ending([signal], task, this.#surroundings.clock);
    return await this.#take(ending);
  }

  async #runIn<T>(session: Session, task: SessionTask<T>, signals: readonly AbortSignal[]): Promise<T> {
    if (!session.isGood) throw new PoolStoppedError(`Cannot do '${task.name}' as the connection of the chat is lost`);
    using ending = new Ending(signals, task, this.#surroundings.clock);
    return await session.run(task, ending);
  }

  async #take(ending: Ending): Promise<Session> {
    if (ending.hasCome) throw ending.reason;
    const arriving = this.#tracked(this.#connect());
    const arrived = arriving.then(ignore, ignore);
    await Promise.race([arrived, ending.happened]);
    if (!ending.hasCome) return this.#session(await arriving);
    // N1
    const back = arriving.then((connection) => this.#session(connection).release(), ignore);
    void this.#tracked(back);
    throw ending.reason;
  }

  #session(connection: OracleConnection): Session {
    return new Session(connection, this.#surroundings);
  }

  async #connect(): Promise<OracleConnection> {
    if (this.#isStopped) throw new PoolStoppedError("Cannot connect to Oracle as it is stopped");
    try {
      const pool = await this.#open();
      return await pool.getConnection();
    } catch (error) {
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

  /** N2 */
  #lose(gone: Promise<void>): void {
    this.#lost += 1;
    this.#resize();
    void gone.then(() => {
      this.#lost -= 1;
      this.#resize();
    });
  }

  #resize(): void {
    if (this.#options.pool) return;
    const resize = async (): Promise<void> => {
      const pool = await this.#pool;
      if (!this.#isStopped) await pool?.reconfigure?.({ poolMax: this.#options.poolMax + this.#lost });
    };
    // The driver refuses a second change while one is under way.
    this.#resizing = this.#resizing.then(resize).catch(ignore);
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
  isOver(signal: AbortSignal): Promise<void>;
}

function ignore(): void {}
