/** The calls to Oracle as calls of a pool: with futures, priorities, retries and statistics, `poolMax` of them at once. */
import type { Future } from "../../future/future.js";
import { call } from "../../host/call-context.js";
import type { CallOptions } from "../../pool/options.js";
import type { Pool } from "../../pool/pool.js";
import type { PoolStats } from "../../pool/pool-stats.js";
import { worker } from "../../worker.js";
import type { ResolvedOracle } from "./oracle-options.js";
import type { SessionTask, TaskLimits } from "./session.js";
import { type Hold, Sessions } from "./sessions.js";
import { isUnsent } from "./unsent.js";

/** What runs in the pool; it is in this event loop, so that it can be given functions. */
class Oracle {
  readonly #sessions: Sessions;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  run(task: SessionTask<unknown>): Promise<unknown> {
    return this.#sessions.use(task, call().signal);
  }

  hold(task: TaskLimits, hold: Hold): Promise<void> {
    return this.#sessions.hold(task, call().signal, hold);
  }
}

const OracleWorker = worker(import.meta, Oracle);

/** What of a call is up to its caller. */
export type OracleCallOptions = Pick<CallOptions, "signal" | "priority">;

export class OracleCalls {
  readonly #pool: Pool<Oracle>;
  readonly #sessions: Sessions;

  constructor(options: ResolvedOracle) {
    const { poolMax, breakTimeout, retry } = options;
    this.#sessions = new Sessions(options);
    this.#pool = OracleWorker.options({
      mode: "async",
      maxWorkers: 1,
      concurrency: poolMax,
      unwrapFutures: false,
      retry: { ...retry, on: retry.on ?? isUnsent },
      // A call lets go when its connection was broken off and given back, each of which takes `breakTimeout` at most.
      grace: 2 * breakTimeout + 1000,
    }).init(this.#sessions);
  }

  /** Connections that do not answer, and were given up. */
  get lost(): number {
    return this.#sessions.lost;
  }

  run<T>(task: SessionTask<T>, options: OracleCallOptions = {}): Future<T> {
    return this.#pool.with(options).run(task) as Future<T>;
  }

  /** Keeps a connection until `hold` is over. */
  hold(task: TaskLimits, hold: Hold): Future<void> {
    return this.#pool.hold(task, hold);
  }

  stats(): PoolStats {
    return this.#pool.stats();
  }

  drain(): Promise<void> {
    return this.#pool.drain();
  }

  /** Cancels what waits, gives up what runs after `timeout` ms, and closes the connections. */
  async stop(timeout: number): Promise<void> {
    await this.#pool.stop({ timeout });
    await this.#sessions.stop();
  }
}
