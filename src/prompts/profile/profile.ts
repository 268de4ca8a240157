/**
 * What prompts are asked through: a model, or a database that asks one.
 *
 * Owns the backend, and counts. The limits, retries and the waiting are the backend's client's.
 *
 * F1. What is wrong with a prompt or an option is said before anything is sent.
 * F2. Each action ends: with what it asked for, its error, or the reason of its signal. A stopped profile begins none.
 */
import { checkFields } from "../../config/check-fields.js";
import { duration } from "../../config/duration.js";
import { sharedController } from "../../config/shared-controller.js";
import { PoolStoppedError } from "../../errors.js";
import type { SettledItem } from "../../flow/map.js";
import type { AnyIterable } from "../../flow/map-source.js";
import type { Mapping } from "../../flow/mapping.js";
import { ModelClient, type ModelClientStats } from "../client/model-client.js";
import type { Account, Provider } from "../provider.js";
import {
  type Action,
  type ActionOptions,
  type ActionResult,
  ACTIONS,
  type Backend,
  type BackendProvider,
  type BackendStats,
  type ChatOptions,
  type PromptAction,
  type SqlResult,
  type TextAction,
} from "./backend.js";
import { ChatSession } from "./chat-session.js";
import { checkActionName, checkActionOptions, checkPrompt } from "./check-action.js";
import { joinSignals } from "./join-signals.js";
import { mapPrompts, type ProfileMapOptions } from "./map-prompts.js";
import { ModelBackend } from "./model-backend.js";
import { checkMethods, type ProfileOptions, type SplitOptions, splitOptions } from "./profile-options.js";
import { runActions, type RunPipelineOptions } from "./run-actions.js";

/** Options of a plain action. */
export type PlainOptions = Pick<ActionOptions, "signal" | "priority" | "params">;
/** Options of {@link Profile.summarize}. */
export type SummarizeOptions = PlainOptions & Pick<ActionOptions, "instructions" | "location">;
/** Options of {@link Profile.translate}. */
export type TranslateOptions = PlainOptions & Pick<ActionOptions, "from"> & { readonly to: string };
/** Options of {@link Profile.stream}. */
export type StreamOptions = ActionOptions & {
  /**
   * What is done with the prompt.
   *
   * @default "chat"
   */
  readonly action?: TextAction | undefined;
};

/** How actions of one kind went. */
export interface ActionStats {
  readonly running: number;
  readonly done: number;
  readonly failed: number;
}

/** What a profile has done. */
export interface ProfileStats {
  readonly actions: Readonly<Record<Action, ActionStats>>;
  /** What was asked of the model or the database, as the backend counts it; of a model with tokens, cost and more. */
  readonly backend: BackendStats & Partial<ModelClientStats>;
}

/**
 * A model, optionally with a database to ask about, and all that can be asked of it.
 *
 * Methods reject with a `TypeError` at once for a prompt that is empty or an action that cannot be done; with a `ModelError`,
 * `QuotaExceededError` or `BudgetExceededError` when the model cannot be asked; with an `InvalidSqlError` or `TimeoutError`
 * when its SQL cannot be run, which changes nothing in the database whatever it says; with the reason of `signal`.
 *
 * @example
 * await using profile = new Profile({ provider: openai({ model: "gpt-5-mini" }), database: pglite({ file: "shop.sql" }) });
 * const { sql, rows } = await profile.runSql("Which five customers ordered most?");
 */
export class Profile<A extends Account = Account> implements AsyncDisposable {
  readonly #backend: Backend;
  readonly #counts = Object.fromEntries(
    Object.keys(ACTIONS).map((action) => [action, { running: 0, done: 0, failed: 0 }]),
  ) as Record<Action, { running: number; done: number; failed: number }>;
  readonly #sessions = new Set<ChatSession>();
  /** Fires when it has stopped: streams whose readers do not go on end then. */
  readonly #ending = sharedController();
  /** Actions that run, streams not counted. */
  #running = 0;
  #onIdle: (() => void) | undefined;
  #stopping: Promise<void> | undefined;

  /** @throws {TypeError | RangeError} for options that are not valid */
  constructor(options: ProfileOptions<A>) {
    this.#backend = backendOf(splitOptions(options));
  }

  /** What the model answers to the prompt alone: without `instructions`. */
  generate(prompt: string, options?: PlainOptions): Promise<string> {
    return this.#do("generate", prompt, options);
  }

  /** What the model answers. Each is a conversation of its own; for a longer one there is `chatSession`. */
  chat(prompt: string, options?: PlainOptions): Promise<string> {
    return this.#do("chat", prompt, options);
  }

  /** The SQL that answers a question, one statement, as the model wrote it; it is not run. */
  showSql(prompt: string, options?: PlainOptions): Promise<string> {
    return this.#do("showSql", prompt, options);
  }

  /** The SQL that answers a question, and what it finds. */
  runSql(prompt: string, options?: PlainOptions): Promise<SqlResult> {
    return this.#do("runSql", prompt, options);
  }

  /** The SQL that answers a question, and what it does in words. Asks the model twice. */
  explainSql(prompt: string, options?: PlainOptions): Promise<string> {
    return this.#do("explainSql", prompt, options);
  }

  /** The answer to a question in words, from what its SQL finds. Asks the model twice. */
  narrate(prompt: string, options?: PlainOptions): Promise<string> {
    return this.#do("narrate", prompt, options);
  }

  /** What `showSql` asks the model, with the description of the database; the model is not asked. */
  showPrompt(prompt: string, options?: PlainOptions): Promise<string> {
    return this.#do("showPrompt", prompt, options);
  }

  /** A summary. What is longer than `maxInputTokens` is summarized in parts, and then the summaries of these. */
  summarize(content: string, options?: SummarizeOptions): Promise<string> {
    return this.#do("summarize", content, options);
  }

  translate(text: string, options: TranslateOptions): Promise<string> {
    return this.#do("translate", text, options);
  }

  /** The answer in pieces, as they come. Nothing is asked before it is iterated; leaving the loop gives the answer up. */
  stream(prompt: string, options: StreamOptions = {}): AsyncIterable<string> {
    const { action = "chat", ...others } = options;
    checkActionName(action);
    this.#check(action, prompt, others);
    if ((action as Action) === "runSql") throw new TypeError("Cannot stream 'runSql' as its result is no text");
    return this.#stream(action, prompt, others);
  }

  /**
   * Does one action for each prompt of anything that can be iterated, and gives each an outcome of its own: one that fails
   * costs no other. Await it for all outcomes, or iterate it, in which case prompts are taken only as outcomes are.
   *
   * @throws {TypeError | RangeError} for options that are not valid, and for an action that cannot be done
   * @example
   * for await (const outcome of profile.map(prompts, { action: "showSql", ordered: false })) {
   *   if (outcome.status === "fulfilled") console.log(outcome.item, outcome.value);
   *   else console.error(outcome.item, outcome.reason);
   * }
   */
  map<T extends Action = "chat">(
    prompts: AnyIterable<string>,
    options: ProfileMapOptions<T> = {},
  ): Mapping<SettledItem<string, ActionResult<T>>> {
    return mapPrompts(
      prompts,
      options,
      (action, others) => this.#checkAction(action, others),
      (action, prompt, others) => this.#do(action, prompt, others),
    );
  }

  /**
   * Does a list of actions and returns their results in its order.
   *
   * With `continueOnError` an error stands where the result would; else the first failure is what it rejects with, after
   * the others were given up. All prompts and actions are checked before the first is asked.
   *
   * @example
   * const [sql, text] = await profile.runPipeline([["How many orders?", "showSql"], ["Who are you?", "chat"]]);
   */
  runPipeline(
    actions: readonly PromptAction[],
    options: RunPipelineOptions & { readonly continueOnError: true },
  ): Promise<(string | SqlResult | Error)[]>;
  runPipeline(actions: readonly PromptAction[], options?: RunPipelineOptions): Promise<(string | SqlResult)[]>;
  async runPipeline(
    actions: readonly PromptAction[],
    options: RunPipelineOptions = {},
  ): Promise<(string | SqlResult | Error)[]> {
    return runActions(actions, options, {
      check: (action, prompt) => this.#check(action, prompt, {}),
      run: (action, prompt, others) => this.#do(action, prompt, others),
      together: this.#backend.pipeline && ((list, others) => this.#backend.pipeline!(list, others)),
      count: (action, isDone) => (this.#counts[action][isDone ? "done" : "failed"] += 1),
    });
  }

  /**
   * Begins a conversation.
   *
   * @throws {TypeError | RangeError} for options that are not valid
   * @example
   * await using session = profile.chatSession({ system: "Answer in one word." });
   * await session.send("The capital of France?");
   * await session.send("And of Italy?");
   */
  chatSession(options: ChatOptions = {}): ChatSession {
    this.#checkOpen("chat");
    const session = new ChatSession(this.#backend, options, (isDone) => {
      this.#counts.chat[isDone ? "done" : "failed"] += 1;
    });
    this.#sessions.add(session);
    session.onClose(() => this.#sessions.delete(session));
    return session;
  }

  stats(): ProfileStats {
    const actions = Object.fromEntries(Object.entries(this.#counts).map(([action, count]) => [action, { ...count }]));
    return { actions: actions as Record<Action, ActionStats>, backend: this.#backend.stats() };
  }

  /**
   * Begins nothing more and closes sessions; lets actions that run end, for at most `timeout` ms; then ends streams, and lets
   * go of the client and the database. A second time is the first.
   */
  stop(options: { readonly timeout?: number | undefined } = {}): Promise<void> {
    checkFields("stop", options, ["timeout"]);
    if (options.timeout !== undefined) duration("timeout", options.timeout);
    this.#stopping ??= this.#stop(options);
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(options: { readonly timeout?: number | undefined }): Promise<void> {
    const { timeout } = options;
    const began = performance.now();
    await Promise.all([...this.#sessions].map((session) => session.close()));
    // An action may take several requests: the client is to refuse none of them yet.
    if (this.#running > 0) await this.#idle(timeout);
    this.#ending.abort(new PoolStoppedError("Cannot go on as the profile is stopped"));
    await this.#backend.stop(
      timeout === undefined ? {} : { timeout: Math.max(0, timeout - (performance.now() - began)) },
    );
  }

  #idle(timeout: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = timeout === undefined ? undefined : setTimeout(resolve, timeout);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #do<T extends Action>(action: T, prompt: string, options: ActionOptions = {}): Promise<ActionResult<T>> {
    this.#check(action, prompt, options);
    options.signal?.throwIfAborted();
    const backend = this.#backend;
    const begun = (): PromiseLike<string | SqlResult> =>
      action === "runSql" ? backend.rows(prompt, options) : backend.text(action as TextAction, prompt, options);
    const result = await this.#counted(action, begun);
    return result as ActionResult<T>;
  }

  async #counted<R>(action: Action, begin: () => PromiseLike<R>): Promise<R> {
    const count = this.#counts[action];
    count.running += 1;
    this.#running += 1;
    try {
      const result = await begin();
      count.done += 1;
      return result;
    } catch (error) {
      count.failed += 1;
      throw error;
    } finally {
      count.running -= 1;
      this.#running -= 1;
      if (this.#running === 0) this.#onIdle?.();
    }
  }

  async *#stream(action: TextAction, prompt: string, options: ActionOptions): AsyncGenerator<string, void, undefined> {
    const count = this.#counts[action];
    let isDone = false;
    const { signal, forget } = joinSignals(options.signal, this.#ending.signal);
    const own = { ...options, signal };
    count.running += 1;
    try {
      this.#checkOpen(action);
      signal.throwIfAborted();
      if (this.#backend.stream) yield* this.#backend.stream(action, prompt, own);
      else yield await this.#backend.text(action, prompt, own);
      isDone = true;
    } finally {
      forget();
      count.running -= 1;
      count[isDone ? "done" : "failed"] += 1;
    }
  }

  #check(action: Action, prompt: unknown, options: ActionOptions): void {
    this.#checkAction(action, options);
    checkPrompt(action, prompt, options.location);
  }

  #checkAction(action: Action, options: ActionOptions): void {
    this.#checkOpen(action);
    checkActionOptions(this.#backend, action, options);
  }

  #checkOpen(action: Action): void {
    if (this.#stopping) throw new PoolStoppedError(`Cannot ${action} as the profile is stopped`);
  }
}

function backendOf<A extends Account>(options: SplitOptions<A>): Backend {
  const { provider, client, settings, clientOptions, others } = options;
  if (client !== undefined) {
    const [name] = [...(provider === undefined ? [] : ["provider"]), ...Object.keys(clientOptions)];
    if (name !== undefined) throw new TypeError(`Cannot set '${name}' as 'client' is set, which has its own`);
    return new ModelBackend({ ...settings, client, isClientOwn: false });
  }
  if (isBackendProvider(provider)) {
    const [name] = others;
    if (name !== undefined)
      throw new TypeError(`Cannot set '${name}' as the provider '${provider.name}' does not take it`);
    return provider.openBackend();
  }
  checkMethods("provider", provider, ["send"], "a provider such as openai({ model })");
  const own = new ModelClient(provider as Provider<A>, clientOptions);
  return new ModelBackend({ ...settings, client: own, isClientOwn: true });
}

function isBackendProvider(provider: object | undefined): provider is BackendProvider {
  return typeof (provider as Partial<BackendProvider> | undefined)?.openBackend === "function";
}
