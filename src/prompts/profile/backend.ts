/** What a profile asks for its answers: a model with a database of yours, or a database that asks a model itself. */
import type { PromptMessage } from "../provider.js";

/** What can be asked of a profile. */
export type Action =
  | "chat"
  | "showSql"
  | "runSql"
  | "explainSql"
  | "narrate"
  | "showPrompt"
  | "summarize"
  | "translate"
  | "generate";

/** The actions whose outcome is a text: all but `"runSql"`. */
export type TextAction = Exclude<Action, "runSql">;

/** All of them, with those that need a database. */
export const ACTIONS: Readonly<Record<Action, { readonly needsDatabase: boolean }>> = {
  chat: { needsDatabase: false },
  showSql: { needsDatabase: true },
  runSql: { needsDatabase: true },
  explainSql: { needsDatabase: true },
  narrate: { needsDatabase: true },
  showPrompt: { needsDatabase: true },
  summarize: { needsDatabase: false },
  translate: { needsDatabase: false },
  generate: { needsDatabase: false },
};

/** How an action is done. Each is for the actions that it names, and refused for others. */
export interface ActionOptions {
  /** Gives the action up: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Of what waits for its turn, the higher goes first. @default 0 */
  readonly priority?: number | undefined;
  /** translate: the language of the text. @default what the model takes it for */
  readonly from?: string | undefined;
  /** translate: the language wanted, as in `"French"`. */
  readonly to?: string | undefined;
  /** summarize: what the summary shall look like, as in `"three sentences"`. */
  readonly instructions?: string | undefined;
  /** summarize, where the backend can: where the content lies, instead of the content itself, which is then `""`. */
  readonly location?: string | undefined;
  /** Parameters as the backend takes them, such as `{ conversation_id }` for Oracle; a model has none. */
  readonly params?: Readonly<Record<string, unknown>> | undefined;
}

/** One row of a result, by the names of its columns. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** What a query that a model wrote has found. */
export interface SqlResult {
  /** The query; `undefined` where the backend does not tell it. */
  readonly sql: string | undefined;
  /** The names of the columns, in order; a name that occurs twice has a number behind it. */
  readonly columns: readonly string[];
  readonly rows: readonly SqlRow[];
  /** Whether there are more rows than were asked for. */
  readonly isTruncated: boolean;
}

/** The result of an action. */
export type ActionResult<T extends Action> = T extends "runSql" ? SqlResult : string;

/** How one action of several ended. */
export type SettledAction =
  | { readonly status: "fulfilled"; readonly value: string | SqlResult }
  | { readonly status: "rejected"; readonly reason: unknown };

/** One action of several: its prompt, and what is to be done with it. */
export type PromptAction = readonly [prompt: string, action: Action];

/** How several actions are done together. */
export interface BackendPipelineOptions {
  /** Whether what follows a failure is done all the same; else the first failure is what the whole rejects with. */
  readonly continueOnError: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** How a conversation is begun. */
export interface ChatOptions {
  /** What the model is told before the conversation. @default the instructions of the profile */
  readonly system?: string | undefined;
  /** Turns, of a question and its answer, that are kept and sent along; the oldest are dropped first. @default 20 */
  readonly maxTurns?: number | undefined;
  /** Parameters as the backend takes them. */
  readonly params?: Readonly<Record<string, unknown>> | undefined;
}

/** A conversation, as the backend has it: it is asked one thing after the other, never two at once. */
export interface BackendChat {
  /** @param history - what was said before, as far as it is kept, for a backend that keeps none itself */
  send(prompt: string, options: ActionOptions, history: readonly PromptMessage[]): PromiseLike<string>;
  /** The answer as it comes. */
  stream?(prompt: string, options: ActionOptions, history: readonly PromptMessage[]): AsyncIterable<string>;
  /** Lets go of what the conversation holds, such as a connection; called once, when nothing is asked any more. */
  close(): PromiseLike<void> | void;
}

/** What is counted by any backend; each may tell more. */
export interface BackendStats {
  /** What was asked of the model or the database. */
  readonly requests: number;
  readonly answered: number;
  readonly failed: number;
}

/**
 * What does the actions. The profile has checked what it passes: prompts are no empty strings (but that of a
 * `location`), actions are known and not refused, options are those of the action.
 */
export interface Backend extends AsyncDisposable {
  /** Why an action cannot be done at all, to stand after "as"; `undefined` where it can. */
  refusal(action: Action, options: ActionOptions): string | undefined;
  text(action: TextAction, prompt: string, options: ActionOptions): PromiseLike<string>;
  /** runSql. Rejects with an `InvalidSqlError` for what is no query that can be run. */
  rows(prompt: string, options: ActionOptions): PromiseLike<SqlResult>;
  /** The answer as it comes. */
  stream?(action: TextAction, prompt: string, options: ActionOptions): AsyncIterable<string>;
  openChat(options: ChatOptions): PromiseLike<BackendChat> | BackendChat;
  /** Where several actions together are cheaper than each alone; else the profile does each alone. In the order given. */
  pipeline?(actions: readonly PromptAction[], options: BackendPipelineOptions): PromiseLike<readonly SettledAction[]>;
  stats(): BackendStats;
  /** Lets what was asked end, for at most `timeout` ms, gives up the rest, and lets go of connections. */
  stop(options?: { readonly timeout?: number | undefined }): PromiseLike<void>;
}

/** What is given to a profile as its `provider` where a backend of its own does the actions, as `oracle(…)` returns. */
export interface BackendProvider {
  /** As in `"oracle"`. */
  readonly name: string;
  /** Called once by the profile, which then owns it; it may connect later. */
  openBackend(): Backend;
}
