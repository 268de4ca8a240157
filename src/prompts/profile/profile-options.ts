import { atLeast } from "../../config/at-least.js";
import { checkFields } from "../../config/check-fields.js";
import { duration } from "../../config/duration.js";
import { show } from "../../config/show.js";
import { CLIENT_OPTIONS, type ModelClientOptions } from "../client/client-options.js";
import { checkObjects } from "../database/describe-tables.js";
import type { Database } from "../database/database.js";
import { querySettings } from "../database/query-settings.js";
import type { Account, Provider } from "../provider.js";
import type { BackendProvider } from "./backend.js";
import type { ModelAsker } from "./model-asker.js";

/** What belongs to a profile over a model, beside the options of its client. */
interface ModelProfileOptions {
  /**
   * A client of yours, such as a `ModelClient` that several profiles share with its limits, in place of `provider` and the
   * options of a client. It is not stopped with the profile.
   */
  readonly client?: ModelAsker | undefined;
  /** What is asked about; it is closed with the profile. Actions on SQL need one. */
  readonly database?: Database | undefined;
  /** What the model is told before each question: what the data mean, in which tone to answer. */
  readonly instructions?: string | undefined;
  /**
   * The tables and views the model is told of, as `"orders"` or `"sales.orders"`. It is not kept from others by this: what
   * may be read, the rights of the role say.
   *
   * @default all that can be read
   */
  readonly objects?: readonly string[] | undefined;
  /**
   * Rows that a query returns at most.
   *
   * @default 1000
   */
  readonly maxRows?: number | undefined;
  /**
   * How long a query may run, in ms.
   *
   * @default 30_000
   */
  readonly sqlTimeout?: number | undefined;
  /**
   * Tokens that are sent at most, about, at 4 characters each: a longer text is summarized in parts, and of a longer
   * conversation the oldest turns are left out.
   *
   * @default 100_000
   */
  readonly maxInputTokens?: number | undefined;
}

/** Options of a `Profile`: of a model with its client, or of a provider that does actions itself, such as `oracle(…)`. */
export interface ProfileOptions<A extends Account = Account> extends ModelProfileOptions, ModelClientOptions {
  /** What is asked: a model, or a database that asks one itself; the latter takes none of the other options. */
  readonly provider?: Provider<A> | BackendProvider | undefined;
}

/** The options of a profile over a model, checked, with their defaults. */
export interface ModelSettings {
  readonly database: Database | undefined;
  readonly instructions: string | undefined;
  readonly objects: readonly string[] | undefined;
  readonly maxRows: number;
  readonly sqlTimeout: number;
  readonly maxInputTokens: number;
}

/** Options taken apart by who they are for. */
export interface SplitOptions<A extends Account> {
  readonly provider: Provider<A> | BackendProvider | undefined;
  readonly client: ModelAsker | undefined;
  readonly settings: ModelSettings;
  /** Those of the client, which checks them. */
  readonly clientOptions: ModelClientOptions;
  /** Names of all that are given beside `provider`. */
  readonly others: readonly string[];
}

const OPTIONS: readonly string[] = Object.keys({
  provider: true,
  client: true,
  database: true,
  instructions: true,
  objects: true,
  maxRows: true,
  sqlTimeout: true,
  maxInputTokens: true,
  ...CLIENT_OPTIONS,
} satisfies Record<keyof ProfileOptions, true>);

/** @throws {TypeError | RangeError} for an option that is not valid */
export function splitOptions<A extends Account>(options: ProfileOptions<A>): SplitOptions<A> {
  checkFields("Profile", options, OPTIONS);
  const { provider, client, database, instructions, objects, maxRows, sqlTimeout, maxInputTokens, ...clientOptions } =
    options;
  if (instructions !== undefined && typeof instructions !== "string") {
    throw new TypeError(`Cannot set 'instructions' as it must be a string: current value is ${show(instructions)}`);
  }
  checkObjects(objects);
  if (database !== undefined)
    checkMethods("database", database, ["describe", "query", "close"], "a database such as pglite()");
  if (client !== undefined) checkMethods("client", client, ["ask", "stream", "stats", "stop"], "a ModelClient");
  const timeout = duration("sqlTimeout", sqlTimeout ?? 30_000);
  if (timeout === 0) throw new RangeError("Cannot set 'sqlTimeout' as it must be more than 0: current value is 0");
  const settings: ModelSettings = {
    database,
    instructions,
    objects,
    maxRows: querySettings({ maxRows }).maxRows,
    sqlTimeout: timeout,
    maxInputTokens: atLeast("maxInputTokens", maxInputTokens ?? 100_000, 100),
  };
  const others = Object.entries(options).flatMap(([name, value]) =>
    name === "provider" || value === undefined ? [] : [name],
  );
  return { provider, client, settings, clientOptions, others };
}

/** @throws {TypeError} when it has not all of the methods */
export function checkMethods(name: string, value: unknown, methods: readonly string[], wanted: string): void {
  const isFit =
    typeof value === "object" &&
    value !== null &&
    methods.every((method) => typeof (value as Record<string, unknown>)[method] === "function");
  if (!isFit) throw new TypeError(`Cannot set '${name}' as it must be ${wanted}: current value is ${show(value)}`);
}
