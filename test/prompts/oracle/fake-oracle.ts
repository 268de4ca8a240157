/**
 * Stands for node-oracledb and a database behind it: objects of the same shapes, with the constants and the `Pipeline` of
 * the real driver. Whatever the driver would refuse, or the database would suffer from, is thrown or kept in `faults`.
 */
import { createRequire } from "node:module";
import type { OracleConnection, OracleDriver, OraclePipeline, OraclePool } from "manyhands/prompts";

type Binds = Readonly<Record<string, unknown>>;
type Result = Awaited<ReturnType<OracleConnection["execute"]>>;

const require = createRequire(import.meta.url);

/** The module itself. */
export const oracledb = require("oracledb") as OracleDriver & Record<string, unknown>;

/** A statement as it arrives at the database. */
export interface Received {
  readonly sql: string;
  readonly binds: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, unknown>> | undefined;
  readonly connection: FakeConnection;
  readonly isPipelined: boolean;
}

/** A text or NULL for what a block returns, rows for a query; what is thrown fails the statement. */
type Answer = string | null | readonly object[];
type Database = (received: Received) => Answer | Promise<Answer>;

export function oraError(errorNum: number, text: string): Error {
  const code = `ORA-${String(errorNum).padStart(5, "0")}`;
  return Object.assign(new Error(`${code}: ${text}`), { code, errorNum });
}

export function njsError(code: string, text: string): Error {
  return Object.assign(new Error(`${code}: ${text}`), { code });
}

export class FakeOracle implements OracleDriver {
  readonly BIND_OUT = oracledb.BIND_OUT;
  readonly CLOB = oracledb.CLOB;
  readonly STRING = oracledb.STRING;
  readonly OUT_FORMAT_OBJECT = oracledb.OUT_FORMAT_OBJECT;
  Pipeline = oracledb.Pipeline;
  version = 2_304_000_000;
  readonly received: Received[] = [];
  readonly pools: FakePool[] = [];
  /** What must never happen. */
  readonly faults: string[] = [];
  /** Called before a connection is handed out. */
  onConnect: () => void | Promise<void> = () => {};
  /** Called before a large text is read. */
  onRead: () => void | Promise<void> = () => {};
  readonly database: Database;

  constructor(database: Database = ({ binds }) => `answer to ${String(binds["prompt"])}`) {
    this.database = database;
  }

  async createPool(options: Readonly<Record<string, unknown>>): Promise<FakePool> {
    const pool = new FakePool(this, options);
    this.pools.push(pool);
    return pool;
  }

  get pool(): FakePool {
    return this.pools[0]!;
  }

  get sql(): string[] {
    return this.received.map(({ sql }) => sql);
  }
}

export class FakePool implements OraclePool {
  readonly options: Readonly<Record<string, unknown>>;
  readonly connections: FakeConnection[] = [];
  readonly #oracle: FakeOracle;
  readonly #queue: (() => void)[] = [];
  poolMin: number;
  poolMax: number;
  out = 0;
  mostOut = 0;
  acquired = 0;
  isClosed = false;

  constructor(oracle: FakeOracle, options: Readonly<Record<string, unknown>>) {
    this.#oracle = oracle;
    this.options = options;
    this.poolMin = options["poolMin"] as number;
    this.poolMax = options["poolMax"] as number;
  }

  async getConnection(): Promise<FakeConnection> {
    if (this.isClosed) throw njsError("NJS-065", "the pool is closed");
    if (this.out >= this.poolMax) {
      this.#oracle.faults.push("a request waited in the queue of the driver");
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    }
    this.out += 1;
    try {
      await this.#oracle.onConnect();
    } catch (error) {
      this.#back();
      throw error;
    }
    this.acquired += 1;
    this.mostOut = Math.max(this.mostOut, this.out);
    const connection = new FakeConnection(this.#oracle, () => this.#back());
    this.connections.push(connection);
    return connection;
  }

  async reconfigure({ poolMin, poolMax }: { readonly poolMin: number; readonly poolMax: number }): Promise<void> {
    this.poolMin = poolMin;
    this.poolMax = poolMax;
    this.#queue.shift()?.();
  }

  async close(drainTime: number): Promise<void> {
    if (drainTime !== 0) this.#oracle.faults.push(`the pool was closed with a drain time of ${drainTime}`);
    if (this.isClosed) this.#oracle.faults.push("the pool was closed twice");
    this.isClosed = true;
  }

  #back(): void {
    this.out -= 1;
    this.#queue.shift()?.();
  }
}

export class FakeConnection implements OracleConnection {
  readonly #oracle: FakeOracle;
  readonly #back: () => void;
  #running: Promise<unknown> = Promise.resolve();
  #interrupt: ((error: Error) => void) | undefined;
  breaks = 0;
  isOpen = true;
  /** With what it was closed. */
  closedWith: { readonly drop: boolean } | undefined;
  /** Whether it does not answer any more. */
  isSilent = false;
  readonly oracleServerVersion: number;
  /** What the thin driver cuts a silent connection with. */
  _impl: { nscon: { forceDisconnect: () => unknown } } | undefined;

  constructor(oracle: FakeOracle, back: () => void) {
    this.#oracle = oracle;
    this.#back = back;
    this.oracleServerVersion = oracle.version;
  }

  execute(sql: string, binds: Binds, options?: Readonly<Record<string, unknown>>): Promise<Result> {
    return this.#inTurn(() => this.#execute(sql, binds, options, false));
  }

  runPipeline(
    pipeline: OraclePipeline,
    continueOnError: boolean,
  ): ReturnType<NonNullable<OracleConnection["runPipeline"]>> {
    const { operations } = pipeline as unknown as {
      operations: { opType: string; statement: string; parameters: Binds }[];
    };
    if (pipeline.constructor.name !== "Pipeline") throw njsError("NJS-005", "no pipeline");
    return this.#inTurn(async () => {
      const results: (Result & { error?: unknown })[] = [];
      for (const { statement, parameters } of operations) {
        try {
          results.push(await this.#execute(statement, parameters, undefined, true));
        } catch (error) {
          if (!continueOnError || isFatal(error)) throw error;
          results.push({ error });
        }
      }
      return results;
    });
  }

  async break(): Promise<void> {
    if (!this.isOpen) this.#oracle.faults.push("a break of a connection that was given back");
    this.breaks += 1;
    if (!this.isSilent) this.#interrupt?.(oraError(1013, "user requested cancel of current operation"));
  }

  async close(options?: { readonly drop: boolean }): Promise<void> {
    // As the driver does: after what runs.
    await this.#running;
    if (!this.isOpen) this.#oracle.faults.push("a connection was given back twice");
    this.isOpen = false;
    this.closedWith = options;
    this.#back();
  }

  /** The connection goes, and with it what runs. */
  die(error: Error): void {
    this.#interrupt?.(error);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#running.then(work);
    this.#running = turn.then(
      () => {},
      () => {},
    );
    return turn;
  }

  async #execute(sql: string, binds: Binds, options: Received["options"], isPipelined: boolean): Promise<Result> {
    if (!this.isOpen) throw njsError("NJS-003", "invalid connection");
    const named = [...sql.matchAll(/:(\w+)/g)].map(([, name]) => name!);
    if (named.toSorted().join() !== Object.keys(binds).toSorted().join()) {
      this.#oracle.faults.push(`binds ${Object.keys(binds).join()} for ${sql}`);
    }
    const received = { sql, binds, options, connection: this, isPipelined };
    this.#oracle.received.push(received);
    for (const value of Object.values(binds)) {
      if (isPipelined && typeof value === "string" && value.length > 32_767) throw njsError("NJS-181", "too large");
    }
    const answer = await this.#interruptible(async () => this.#oracle.database(received));
    if (typeof answer === "object" && answer !== null) return { rows: answer };
    const { type } = (binds["ret"] ?? {}) as { type?: unknown };
    if (answer === null || type !== oracledb.CLOB) return { outBinds: { ret: answer } };
    return { outBinds: { ret: { getData: () => this.#inTurn(() => this.#read(answer)) } } };
  }

  async #read(text: string): Promise<string> {
    if (!this.isOpen) {
      this.#oracle.faults.push("a large text was read when its connection was given back");
      throw njsError("NJS-003", "invalid connection");
    }
    await this.#interruptible(async () => this.#oracle.onRead());
    return text;
  }

  #interruptible<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#interrupt = reject;
      work()
        .then(resolve, reject)
        .finally(() => (this.#interrupt = undefined));
    });
  }
}

/** What ends a pipeline as a whole: a break, or the end of the connection. */
function isFatal(error: unknown): boolean {
  const { errorNum, code } = error as { errorNum?: number; code?: string };
  return errorNum === 1013 || code === "NJS-500";
}
