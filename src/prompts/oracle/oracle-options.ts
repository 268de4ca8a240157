/** The options of a connection to Oracle: their meaning, their defaults, and what is refused. */
import { atLeast } from "../../config/at-least.js";
import { checkFields, checkRecord } from "../../config/check-fields.js";
import { checkFlag } from "../../config/check-flag.js";
import { duration } from "../../config/duration.js";
import { show } from "../../config/show.js";
import { type RetryOptions, resolveRetry } from "../../retry/options.js";
import { loadDriver, type OracleDriver, type OraclePool } from "./driver.js";

/** How chats of a profile are held. */
export interface OracleChatDefaults {
  /** Whether the conversation that a chat began is dropped when it is closed. @default false: the database keeps it */
  readonly drop?: boolean | undefined;
  /**
   * Whether a chat keeps one connection until it is closed, which nothing else can use meanwhile; at most `poolMax` - 1
   * chats can.
   *
   * @default false: each question takes the next connection that is free
   */
  readonly pin?: boolean | undefined;
}

/** Options of {@link oracle} and {@link SelectAi}. Each falls back to its environment variable, where one is named. */
export interface OracleOptions {
  /** @default `SELECT_AI_USER` */
  readonly user?: string | undefined;
  /** @default `SELECT_AI_PASSWORD` */
  readonly password?: string | undefined;
  /** As in `"db.example.com/service"`, or a name of `tnsnames.ora`. @default `SELECT_AI_DB_CONNECT_STRING` */
  readonly connectString?: string | undefined;
  /** Connections that are kept, once the first could be made. @default `SELECT_AI_POOL_MIN`, or 1 */
  readonly poolMin?: number | undefined;
  /**
   * Connections at most, and so how many prompts are done at once: each keeps a session of the database busy.
   *
   * @default `SELECT_AI_POOL_MAX`, or 4
   */
  readonly poolMax?: number | undefined;
  /** Connections that are made together when more are needed. @default `SELECT_AI_POOL_INCREMENT`, or 1 */
  readonly poolIncrement?: number | undefined;
  /** The AI profile in the database. @default `SELECT_AI_PROFILE_NAME`, or `"oci_ai_profile"` */
  readonly profileName?: string | undefined;
  /** The folder with `ewallet.pem`. @default `SELECT_AI_WALLET_LOCATION`, or none */
  readonly walletLocation?: string | undefined;
  /** @default `SELECT_AI_WALLET_PASSWORD`, or none */
  readonly walletPassword?: string | undefined;
  /**
   * How long one attempt may take, from asking for a connection to the last byte of its answer, in ms; one of `n` prompts
   * in a pipeline may take `n` times as long. The statement is then broken off.
   *
   * @default 600,000
   */
  readonly timeout?: number | undefined;
  /**
   * How long a connection may take to answer when its statement was broken off, or when it is given back, in ms. One that
   * does not is given up, and another takes its place.
   *
   * @default 5000
   */
  readonly breakTimeout?: number | undefined;
  /**
   * When a call is made again. Without `on`, only where no statement was sent yet, as no connection could be had: the
   * listener is down, the database starts, too many sessions. A statement that was sent may have been paid for.
   *
   * @default `{ retries: 3, wait: 500 }`
   */
  readonly retry?: RetryOptions | undefined;
  /** How many connections share the prompts of `runPipeline`, each doing its part one by one. @default 1 */
  readonly pipelineConnections?: number | undefined;
  readonly chats?: OracleChatDefaults | undefined;
  /** More options of `oracledb.createPool`, such as `configDir`, `httpsProxy`, `poolTimeout`, `connectTimeout`. */
  readonly driverOptions?: Readonly<Record<string, unknown>> | undefined;
  /**
   * A pool of your own, such as one with token authentication, instead of user, password and connect string. It is not
   * closed. `poolMax` is then how many of its connections are used at once.
   */
  readonly pool?: OraclePool | undefined;
  /** The module `oracledb`. @default the one that is installed */
  readonly driver?: OracleDriver | undefined;
}

/** Options with every default filled in. What is secret is in `connect` only. */
export interface ResolvedOracle {
  readonly driver: OracleDriver;
  readonly pool: OraclePool | undefined;
  /** Makes the options of the driver's pool, anew each time: the driver overwrites secrets in what it is given. */
  readonly connect: () => Record<string, unknown>;
  readonly poolMin: number;
  readonly poolMax: number;
  readonly profileName: string;
  readonly timeout: number;
  readonly breakTimeout: number;
  readonly retry: RetryOptions;
  readonly pipelineConnections: number;
  readonly chats: Required<{ readonly [K in keyof OracleChatDefaults]: boolean }>;
}

const OPTIONS: Readonly<Record<keyof OracleOptions, true>> = {
  user: true,
  password: true,
  connectString: true,
  poolMin: true,
  poolMax: true,
  poolIncrement: true,
  profileName: true,
  walletLocation: true,
  walletPassword: true,
  timeout: true,
  breakTimeout: true,
  retry: true,
  pipelineConnections: true,
  chats: true,
  driverOptions: true,
  pool: true,
  driver: true,
};

/** Where each of the texts and numbers is looked for when it is not given. */
const VARIABLES = {
  user: "SELECT_AI_USER",
  password: "SELECT_AI_PASSWORD",
  connectString: "SELECT_AI_DB_CONNECT_STRING",
  profileName: "SELECT_AI_PROFILE_NAME",
  walletLocation: "SELECT_AI_WALLET_LOCATION",
  walletPassword: "SELECT_AI_WALLET_PASSWORD",
  poolMin: "SELECT_AI_POOL_MIN",
  poolMax: "SELECT_AI_POOL_MAX",
  poolIncrement: "SELECT_AI_POOL_INCREMENT",
} as const;

type TextName = "user" | "password" | "connectString" | "profileName" | "walletLocation" | "walletPassword";
type CountName = "poolMin" | "poolMax" | "poolIncrement";

/**
 * Checks options and fills in the defaults.
 * @throws {TypeError | RangeError} naming the option, what it must be, and its value unless it may be a secret
 * @throws {MissingPackageError} when `oracledb` is not installed
 */
export function resolveOracle(options: OracleOptions, env: NodeJS.ProcessEnv = process.env): ResolvedOracle {
  // Not shown: what is passed by mistake may be a connect string with a password in it.
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError("Cannot connect to Oracle as the options must be an object");
  }
  checkFields("oracle", options, Object.keys(OPTIONS));
  const { pool, driverOptions = {}, chats = {} } = options;
  checkDriverOptions(driverOptions);
  checkFields("oracle.chats", chats, ["drop", "pin"]);
  checkFlag("oracle.chats.drop", chats.drop);
  checkFlag("oracle.chats.pin", chats.pin);
  if (options.retry !== undefined) resolveRetry(options.retry, "oracle.retry");
  if (pool !== undefined) checkOwnPool(options, pool);
  const poolMax = count(options, "poolMax", 1, env) ?? pool?.poolMax ?? 4;
  const connect = pool ? () => ({}) : connection(options, poolMax, env);
  const pipelineConnections = atLeast("oracle.pipelineConnections", options.pipelineConnections ?? 1, 1);
  if (pipelineConnections > poolMax) {
    throw new RangeError(
      `Cannot set 'oracle.pipelineConnections' as it must be at most 'poolMax', which is ${poolMax}: current value is ` +
        show(pipelineConnections),
    );
  }
  return {
    pool,
    connect,
    poolMin: pool ? 0 : minimum(options, poolMax, env),
    poolMax,
    profileName: text(options, "profileName", env) ?? "oci_ai_profile",
    timeout: duration("oracle.timeout", options.timeout ?? 600_000),
    breakTimeout: duration("oracle.breakTimeout", options.breakTimeout ?? 5000),
    retry: options.retry ?? { retries: 3, wait: 500 },
    pipelineConnections,
    chats: { drop: chats.drop ?? false, pin: chats.pin ?? false },
    driver: options.driver ?? loadDriver(),
  };
}

function connection(options: OracleOptions, poolMax: number, env: NodeJS.ProcessEnv): ResolvedOracle["connect"] {
  const user = needed(options, "user", env);
  const password = needed(options, "password", env);
  const connectString = needed(options, "connectString", env);
  const walletLocation = text(options, "walletLocation", env);
  const walletPassword = text(options, "walletPassword", env);
  const poolIncrement = count(options, "poolIncrement", 1, env) ?? 1;
  return () => ({
    user,
    password,
    connectString,
    // As long as fewer than that many are open the driver tries again without a pause, some 500 times a second: it is
    // told of `poolMin` when a connection was made.
    poolMin: 0,
    poolMax,
    poolIncrement,
    ...(walletLocation !== undefined && { walletLocation }),
    ...(walletPassword !== undefined && { walletPassword }),
    // Calls wait in a pool of ours. The queue of the driver would refuse the 501st, and all after a minute.
    queueMax: -1,
    queueTimeout: 0,
    // A dead session is found before the prompt is sent to it: afterwards nobody knows whether the model was paid.
    poolPingInterval: 0,
    ...options.driverOptions,
  });
}

function minimum(options: OracleOptions, poolMax: number, env: NodeJS.ProcessEnv): number {
  const poolMin = count(options, "poolMin", 0, env) ?? 1;
  if (poolMin <= poolMax) return poolMin;
  throw new RangeError(
    `Cannot set 'oracle.poolMin' as it must be at most 'poolMax', which is ${poolMax}: current value is ${poolMin}`,
  );
}

function checkDriverOptions(options: object): void {
  checkRecord("oracle.driverOptions", options);
  const own = Object.keys(options).find((name) => Object.hasOwn(VARIABLES, name));
  if (own === undefined) return;
  throw new TypeError(`Cannot set 'oracle.driverOptions.${own}' as it is an option by itself: set 'oracle.${own}'`);
}

function checkOwnPool(options: OracleOptions, pool: unknown): void {
  const getConnection = (pool as Partial<OraclePool> | null)?.getConnection;
  if (typeof getConnection !== "function") {
    throw new TypeError("Cannot set 'oracle.pool' as it must be a pool of node-oracledb");
  }
  const names = ["user", "password", "connectString", "poolMin", "poolIncrement", "driverOptions"] as const;
  const superfluous = names.find((name) => options[name] !== undefined);
  if (superfluous === undefined) return;
  throw new TypeError(`Cannot set 'oracle.${superfluous}' as the connections are those of 'pool'`);
}

function needed(options: OracleOptions, name: TextName, env: NodeJS.ProcessEnv): string {
  const value = text(options, name, env);
  if (value !== undefined) return value;
  throw new TypeError(`Cannot connect to Oracle as '${name}' is not set: give it, or set ${VARIABLES[name]}`);
}

/** Values are not shown: some are secret, and others hold secrets when they were mixed up. */
function text(options: OracleOptions, name: TextName, env: NodeJS.ProcessEnv): string | undefined {
  const value: unknown = options[name];
  // An empty variable is how a shell unsets one for a single program.
  if (value === undefined) return env[VARIABLES[name]] || undefined;
  if (typeof value === "string" && value !== "") return value;
  throw new TypeError(`Cannot set 'oracle.${name}' as it must be a text that is not empty`);
}

function count(options: OracleOptions, name: CountName, least: number, env: NodeJS.ProcessEnv): number | undefined {
  const value = options[name];
  if (value !== undefined) return finite(`oracle.${name}`, value, least);
  const variable = VARIABLES[name];
  const written = env[variable]?.trim();
  if (!written) return undefined;
  return finite(variable, /^\d+$/.test(written) ? Number(written) : (written as unknown as number), least);
}

function finite(name: string, value: number, least: number): number {
  if (value === Number.POSITIVE_INFINITY) {
    throw new RangeError(`Cannot set '${name}' as it must be finite: current value is Infinity`);
  }
  return atLeast(name, value, least);
}
