/** What is to be done with a connection, for each thing that can be asked of Select AI. */
import { checkFields } from "../../config/check-fields.js";
import { LONGEST_TIMER } from "../../config/duration.js";
import { oneOf } from "../../config/one-of.js";
import { show } from "../../config/show.js";
import { type Action, type ActionOptions, ACTIONS } from "../profile/backend.js";
import { actionCall } from "./action-call.js";
import type { Binds } from "./driver.js";
import type { ResolvedOracle } from "./oracle-options.js";
import { type PartOutcome, runPart } from "./pipeline-part.js";
import { readAnswer } from "./read-answer.js";
import type { SessionTask } from "./session.js";
import { type OracleProcedure, procedureCall, QUERIES, type Statement } from "./statements.js";

/** A row of a view, by the names of its columns as the database has them: in capitals. */
export type OracleRow = Readonly<Record<string, unknown>>;

const OPTIONS = Object.keys({
  signal: true,
  priority: true,
  from: true,
  to: true,
  instructions: true,
  location: true,
  params: true,
} satisfies Record<keyof ActionOptions, true>);

export class OracleTasks {
  readonly #options: ResolvedOracle;

  constructor(options: ResolvedOracle) {
    this.#options = options;
  }

  /** @throws {TypeError} for a procedure or parameter that there is not */
  procedure(procedure: OracleProcedure, parameters: object): SessionTask<string> {
    const { driver, profileName } = this.#options;
    return this.#task(procedure, procedureCall(driver, procedure, parameters, profileName), (text) => text);
  }

  /** @throws {TypeError} for an action that there is not, or that cannot be done with this prompt and these options */
  action<T>(action: Action, prompt: string, options: ActionOptions, read: (text: string) => T): SessionTask<T> {
    return this.#task(action, this.statement(action, prompt, options), read);
  }

  /** @throws {TypeError} as `action` does */
  statement(action: Action, prompt: string, options: ActionOptions): Statement {
    oneOf("action", action, Object.keys(ACTIONS) as Action[], "ask");
    checkFields(action, options, OPTIONS);
    if (typeof prompt !== "string" || (prompt === "" && options.location === undefined)) {
      throw new TypeError(
        `Cannot ask as the prompt must be a text that is not empty: current value is ${show(prompt)}`,
      );
    }
    if (prompt !== "" && options.location !== undefined) {
      throw new TypeError(`Cannot set '${action}.location' as the content itself is given: pass "" for it`);
    }
    if (action === "translate" && options.to === undefined) {
      throw new TypeError("Cannot translate as 'to' is not set: the language that is wanted");
    }
    const { procedure, parameters } = actionCall(action, prompt, options);
    return procedureCall(this.#options.driver, procedure, parameters, this.#options.profileName);
  }

  /** Several statements together; they may take as long as each alone. */
  part(statements: readonly Statement[], continueOnError: boolean): SessionTask<PartOutcome[]> {
    const { driver, timeout } = this.#options;
    return {
      name: "runPipeline",
      work: (connection, hasEnded) => runPart({ driver, connection, continueOnError, hasEnded }, statements),
      timeout: Math.min(timeout * statements.length, LONGEST_TIMER),
      canBreak: false,
    };
  }

  query(query: keyof typeof QUERIES, binds: Binds): SessionTask<readonly OracleRow[]> {
    const { driver, timeout } = this.#options;
    // Descriptions and values are large texts, which would have to be read one by one.
    const fetchTypeHandler = ({ dbType }: { dbType?: unknown }): object | undefined =>
      dbType === driver.CLOB ? { type: driver.STRING } : undefined;
    const fetch = { outFormat: driver.OUT_FORMAT_OBJECT, fetchTypeHandler };
    return {
      name: query,
      work: async (connection) => {
        const { rows } = await connection.execute(QUERIES[query], binds, fetch);
        return (rows ?? []) as readonly OracleRow[];
      },
      timeout,
      canBreak: true,
    };
  }

  #task<T>(name: string, { sql, binds }: Statement, read: (text: string) => T): SessionTask<T> {
    return {
      name,
      work: async (connection) => read(await readAnswer(await connection.execute(sql, binds))),
      timeout: this.#options.timeout,
      canBreak: true,
    };
  }
}
