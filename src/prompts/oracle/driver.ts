/** What is needed of node-oracledb: its objects satisfy these interfaces as they are, and as `@types/oracledb` has them. */
import { requireOptional } from "../../config/optional-package.js";

/** A bind variable that brings something back. */
export interface OutBind {
  readonly dir: unknown;
  readonly type: unknown;
  readonly maxSize?: number;
}

/** Bind variables by name. */
export type Binds = Readonly<Record<string, string | number | boolean | OutBind>>;

/** A large text in the database, which can be read only while its connection is open. */
export interface OracleLob {
  getData(): Promise<unknown>;
}

/** What a statement brought back. */
export interface ExecuteResult {
  readonly rows?: readonly unknown[] | undefined;
  /** By name. */
  readonly outBinds?: object | undefined;
}

/** What one operation of a pipeline brought back. */
export interface PipelineResult extends ExecuteResult {
  readonly error?: unknown;
}

/** Operations that are sent together. */
export interface OraclePipeline {
  addExecute(sql: string, binds?: object): void;
}

/** A session of the database. */
export interface OracleConnection {
  /** As in 2304000000 for 23.4. */
  readonly oracleServerVersion?: number | undefined;
  execute(sql: string, binds: object, options?: object): Promise<ExecuteResult>;
  runPipeline?(pipeline: object, continueOnError: boolean): Promise<readonly PipelineResult[]>;
  /** Asks the database to end what runs, which then fails. */
  break(): Promise<void>;
  /** Back to the pool; waits for what runs. */
  close(options?: { readonly drop: boolean }): Promise<void>;
}

/** A pool of sessions. */
export interface OraclePool {
  readonly poolMax: number;
  getConnection(): Promise<OracleConnection>;
  /** @param drainTime - in seconds */
  close(drainTime: number): Promise<void>;
  reconfigure?(options: { readonly poolMin: number; readonly poolMax: number }): Promise<void>;
}

/** The module `oracledb`. */
export interface OracleDriver {
  readonly BIND_OUT: unknown;
  readonly CLOB: unknown;
  readonly STRING: unknown;
  readonly OUT_FORMAT_OBJECT: unknown;
  /** Whether it speaks to the database without Oracle Client libraries; pipelines need that. */
  readonly thin?: boolean | undefined;
  /** Since node-oracledb 7. */
  readonly Pipeline?: (new () => OraclePipeline) | undefined;
  createPool(options: object): Promise<OraclePool>;
}

/** @throws {MissingPackageError} when `oracledb` is not installed */
export function loadDriver(): OracleDriver {
  return requireOptional<OracleDriver>("oracledb", "connect to Oracle");
}

/**
 * Cuts a connection that does not answer, so that what waits for it fails. The driver has no public way: `close` waits
 * for what runs, and its own check of a silent connection calls this. Where there is no such method, nothing happens.
 */
export function sever(connection: OracleConnection): void {
  const { _impl: own } = connection as { _impl?: { nscon?: { forceDisconnect?: unknown } } };
  const network = own?.nscon;
  if (typeof network?.forceDisconnect !== "function") return;
  try {
    (network as { forceDisconnect(): void }).forceDisconnect();
  } catch {
    // It is given up in either case.
  }
}
