import { abortSignal } from "../../config/abort-signal.js";
import { atLeast } from "../../config/at-least.js";
import { checkFields } from "../../config/check-fields.js";
import { checkFlag } from "../../config/check-flag.js";
import { duration } from "../../config/duration.js";
import { machineClock } from "../../config/monotonic.js";
import { show } from "../../config/show.js";
import { PoolStoppedError } from "../../errors.js";
import { attend, type Future, peek } from "../../future/future.js";
import type { PoolStats } from "../../pool/pool-stats.js";
import type {
  Action,
  ActionOptions,
  BackendStats,
  PromptAction,
  SettledAction,
  SqlResult,
  TextAction,
} from "../profile/backend.js";
import { dividePipeline } from "./divide-pipeline.js";
import { type FeedbackOptions, feedbackParameters } from "./feedback.js";
import { isWithin } from "./is-within.js";
import { type ChatLine, checkChatOptions, OracleChat, type OracleChatOptions } from "./oracle-chat.js";
import { type OracleCallOptions, OracleCalls } from "./oracle-calls.js";
import { type OracleOptions, type ResolvedOracle, resolveOracle } from "./oracle-options.js";
import { type OracleRow, OracleTasks } from "./oracle-tasks.js";
import { PinnedLines } from "./pinned-line.js";
import type { PartOutcome } from "./pipeline-part.js";
import { readRows } from "./rows.js";
import type { SessionTask } from "./session.js";
import type { OracleParameters, OracleProcedure, Statement } from "./statements.js";

/** How a pipeline is run. */
export interface OraclePipelineOptions extends OracleCallOptions {
  /** Whether the others go on when one fails; else the whole rejects with the first failure. @default false */
  readonly continueOnError?: boolean | undefined;
  /** Among how many connections the prompts are divided, at most `poolMax`. @default `pipelineConnections` of the options */
  readonly connections?: number | undefined;
}

/** What a {@link SelectAi} is doing and has done. */
export interface OracleStats extends BackendStats {
  /** Attempts that were followed by another. */
  readonly retried: number;
  /** Connections that did not answer and were given up, and are not closed yet. */
  readonly lost: number;
  /** Those waiting for a connection, running, and so on; a pipeline counts as one call for each of its connections. */
  readonly pool: PoolStats;
}

const STOP_TIMEOUT = 30_000;

/**
 * Select AI of an Oracle database, whose package `DBMS_CLOUD_AI` asks the model: all its calls over one pool of
 * connections, `poolMax` of them at once, however many are made.
 *
 * Connects with the first call. A call that is given up, by its signal or its timeout, is broken off in the database.
 *
 * @throws {TypeError | RangeError} for an option that is unknown or not valid, or a needed one that is not set
 * @throws {MissingPackageError} when `oracledb` is not installed
 * @example
 * await using ai = new SelectAi({ user: "ADMIN", password, connectString: "db_high", poolMax: 8 });
 * const sql = await ai.text("showSql", "How many customers in San Francisco are married?");
 * await ai.call("SET_ATTRIBUTE", { profile_name: "SALES", attribute_name: "temperature", attribute_value: 0 });
 */
export class SelectAi implements AsyncDisposable {
  readonly #options: ResolvedOracle;
  readonly #calls: OracleCalls;
  readonly #tasks: OracleTasks;
  readonly #pinned: PinnedLines;
  readonly #tally = { requests: 0, answered: 0, failed: 0 };
  #stopping: Promise<void> | undefined;

  constructor(options: OracleOptions = {}) {
    this.#options = resolveOracle(options);
    this.#calls = new OracleCalls(this.#options);
    this.#tasks = new OracleTasks(this.#options);
    this.#pinned = new PinnedLines(this.#calls, this.#options.poolMax - 1, this.#options.timeout);
  }

  /**
   * Calls a procedure or function of `DBMS_CLOUD_AI` with parameters as the database names them, objects as JSON. What it
   * returns is the outcome, `""` for NULL and for procedures.
   *
   * @throws {TypeError} for a procedure or parameter that there is not
   */
  call<P extends OracleProcedure>(
    procedure: P,
    parameters: OracleParameters<P>,
    options: OracleCallOptions = {},
  ): Future<string> {
    return this.#submit(this.#tasks.procedure(procedure, parameters), options);
  }

  /** Does any action but `"runSql"`; `""` where the database answers NULL. */
  text(action: TextAction, prompt: string, options: ActionOptions = {}): Future<string> {
    return this.#act(action, prompt, options, (answer) => answer);
  }

  /**
   * Runs the query that the model writes for a prompt. Rejects with an `InvalidSqlError` when the database answers with
   * anything else than rows.
   */
  rows(prompt: string, options: ActionOptions = {}): Future<SqlResult> {
    return this.#act("runSql", prompt, options, readRows);
  }

  /**
   * Does several actions in one session, sent together: one after the other, as the database works through them. Divided
   * among several connections the parts are done side by side. The outcomes are in the order of the actions.
   *
   * Rejects with the reason of `signal`, and with the first failure unless `continueOnError`.
   */
  async runPipeline(actions: readonly PromptAction[], options: OraclePipelineOptions = {}): Promise<SettledAction[]> {
    this.#assertOpen();
    checkFields("runPipeline", options, ["continueOnError", "connections", "signal", "priority"]);
    checkFlag("runPipeline.continueOnError", options.continueOnError);
    const { continueOnError = false, signal, priority } = options;
    abortSignal("runPipeline.signal", signal);
    const connections = this.#connections(options.connections);
    const statements = actions.map(([prompt, action]) => this.#tasks.statement(action, prompt, {}));
    this.#tally.requests += statements.length;
    const start = (part: readonly Statement[]): Future<PartOutcome[]> =>
      this.#calls.run(this.#tasks.part(part, continueOnError), { signal, priority });
    let outcomes: SettledAction[] = [];
    try {
      const texts = await dividePipeline(statements, { connections, continueOnError, signal }, start);
      outcomes = texts.map((outcome, index) => shaped(outcome, actions[index]![1]));
    } finally {
      const answered = outcomes.filter(({ status }) => status === "fulfilled").length;
      this.#tally.answered += answered;
      this.#tally.failed += statements.length - answered;
    }
    const failure = outcomes.find((outcome) => outcome.status === "rejected");
    if (failure && !continueOnError) throw failure.reason;
    return outcomes;
  }

  /** Begins a conversation that the database keeps, or goes on with one. Closed by `close` or `await using`. */
  async openChat(options: OracleChatOptions = {}): Promise<OracleChat> {
    checkChatOptions(options);
    this.#assertOpen();
    const { chats } = this.#options;
    if (!(options.pin ?? chats.pin)) {
      const ask: ChatLine["ask"] = (...args) => this.call(...args);
      return OracleChat.open(options, { ask, release: async () => {} }, chats.drop);
    }
    const line = await this.#pinned.open();
    const ask: ChatLine["ask"] = (procedure, parameters, callOptions = {}) =>
      this.#counted(line.run(this.#tasks.procedure(procedure, parameters), callOptions));
    return OracleChat.open(options, { ask, release: line.release }, chats.drop);
  }

  /** Says whether SQL that was generated was good, or takes that back. */
  feedback(options: FeedbackOptions, callOptions: OracleCallOptions = {}): Future<string> {
    return this.call("FEEDBACK", feedbackParameters(options), callOptions);
  }

  /** AI profiles whose names match a regular expression of Oracle, in any case. */
  profiles(pattern = ".*", options: OracleCallOptions = {}): Future<readonly OracleRow[]> {
    return this.#submit(this.#tasks.query("profiles", { profile_name_pattern: pattern }), options);
  }

  /** The attributes of an AI profile, as rows of names and values; none where there is no such profile. */
  attributes(profileName?: string, options: OracleCallOptions = {}): Future<readonly OracleRow[]> {
    const name = (profileName ?? this.#options.profileName).toUpperCase();
    return this.#submit(this.#tasks.query("attributes", { profile_name: name }), options);
  }

  /** The conversations that the database keeps for this user. */
  conversations(options: OracleCallOptions = {}): Future<readonly OracleRow[]> {
    return this.#submit(this.#tasks.query("conversations", {}), options);
  }

  stats(): OracleStats {
    const pool = this.#calls.stats();
    return { ...this.#tally, retried: pool.calls.retried, lost: this.#calls.lost, pool };
  }

  /**
   * Refuses new calls, lets those that were made end for `timeout` ms (default 30,000), gives up the rest, and closes the
   * connections.
   */
  stop(options: { readonly timeout?: number | undefined } = {}): Promise<void> {
    checkFields("stop", options, ["timeout"]);
    const timeout = duration("stop.timeout", options.timeout ?? STOP_TIMEOUT);
    return (this.#stopping ??= this.#stop(timeout));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #act<T>(action: Action, prompt: string, options: ActionOptions, read: (text: string) => T): Future<T> {
    const { signal, priority } = options;
    return this.#submit(this.#tasks.action(action, prompt, options, read), { signal, priority });
  }

  #submit<T>(task: SessionTask<T>, options: OracleCallOptions): Future<T> {
    this.#assertOpen();
    const future = this.#calls.run(task, options);
    this.#tally.requests += 1;
    attend(future, () => {
      if (peek(future)?.status === "done") this.#tally.answered += 1;
      else this.#tally.failed += 1;
    });
    return future;
  }

  async #counted<T>(outcome: Promise<T>): Promise<T> {
    this.#tally.requests += 1;
    try {
      const value = await outcome;
      this.#tally.answered += 1;
      return value;
    } catch (error) {
      this.#tally.failed += 1;
      throw error;
    }
  }

  #connections(given: number | undefined): number {
    const { poolMax, pipelineConnections } = this.#options;
    const connections = atLeast("runPipeline.connections", given ?? pipelineConnections, 1);
    if (connections <= poolMax) return connections;
    throw new RangeError(
      `Cannot set 'runPipeline.connections' as it must be at most 'poolMax', which is ${poolMax}: current value is ` +
        show(connections),
    );
  }

  #assertOpen(): void {
    if (this.#stopping) throw new PoolStoppedError("Cannot ask Oracle as it is stopped");
  }

  async #stop(timeout: number): Promise<void> {
    this.#pinned.releaseAll();
    await isWithin(timeout, machineClock, this.#calls.drain());
    await this.#calls.stop(0);
  }
}

function shaped(outcome: PartOutcome, action: Action): SettledAction {
  if (outcome.status === "rejected" || action !== "runSql") return outcome;
  try {
    return { status: "fulfilled", value: readRows(outcome.value) };
  } catch (reason) {
    return { status: "rejected", reason };
  }
}
