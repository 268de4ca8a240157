/**
 * A model, with or without a database, as what does the actions of a profile.
 *
 * Owns the database, and the client where the profile made it. What an action asks, it asks through the client, whose
 * limits and retries hold for each single request; of an action that takes several, each follows the one before.
 */
import type { Database, QueryOptions } from "../database/database.js";
import type { PromptMessage } from "../provider.js";
import {
  type Action,
  type ActionOptions,
  ACTIONS,
  type Backend,
  type BackendChat,
  type BackendStats,
} from "./backend.js";
import type { ChatOptions, SqlResult, TextAction } from "./backend.js";
import { extractSql } from "./extract-sql.js";
import type { ModelAsker } from "./model-asker.js";
import { ModelChat } from "./model-chat.js";
import { asText, explainMessages, narrateMessages, sqlMessages, translateMessages } from "./model-prompts.js";
import { SchemaCache } from "./schema-cache.js";
import { summarize } from "./summarize.js";

/** Characters of a token, about: what `maxInputTokens` is measured by before anything is asked. */
const TOKEN_LENGTH = 4;

/** How a model does actions. */
export interface ModelBackendSettings {
  readonly client: ModelAsker;
  /** Whether the client ends with the backend. */
  readonly isClientOwn: boolean;
  readonly database: Database | undefined;
  readonly instructions: string | undefined;
  readonly objects: readonly string[] | undefined;
  readonly maxRows: number;
  readonly sqlTimeout: number;
  readonly maxInputTokens: number;
}

export class ModelBackend implements Backend {
  readonly #settings: ModelBackendSettings;
  readonly #client: ModelAsker;
  readonly #schema: SchemaCache | undefined;

  constructor(settings: ModelBackendSettings) {
    this.#settings = settings;
    this.#client = settings.client;
    this.#schema = settings.database && new SchemaCache(settings.database, settings.objects);
  }

  refusal(action: Action, { location, params }: ActionOptions): string | undefined {
    if (ACTIONS[action].needsDatabase && this.#settings.database === undefined) return "the profile has no database";
    if (location !== undefined) return "a model takes no 'location'";
    if (params !== undefined) return "a model takes no 'params'";
    return undefined;
  }

  async text(action: TextAction, prompt: string, options: ActionOptions): Promise<string> {
    const { signal } = options;
    switch (action) {
      case "showPrompt":
        return asText(await this.#sqlMessages(prompt, signal));
      case "showSql":
        return this.#sql(prompt, options);
      case "explainSql": {
        const sql = await this.#sql(prompt, options);
        const explained = await this.#ask(explainMessages(prompt, sql, this.#database.dialect), options);
        return `${sql}\n\n${explained}`;
      }
      case "narrate":
        return this.#ask(await this.#narration(prompt, options), options);
      case "summarize":
        return summarize(prompt, {
          ask: (messages, partSignal) => this.#ask(messages, { ...options, signal: partSignal }),
          instructions: options.instructions,
          length: this.#settings.maxInputTokens * TOKEN_LENGTH,
          signal,
        });
      default:
        return this.#ask(this.#plainMessages(action, prompt, options), options);
    }
  }

  async rows(prompt: string, options: ActionOptions): Promise<SqlResult> {
    const sql = await this.#sql(prompt, options);
    const { maxRows, sqlTimeout } = this.#settings;
    const query: QueryOptions = { timeout: sqlTimeout, maxRows, signal: options.signal };
    return { sql, ...(await this.#database.query(sql, query)) };
  }

  async *stream(action: TextAction, prompt: string, options: ActionOptions): AsyncGenerator<string, void, undefined> {
    if (action === "chat" || action === "generate" || action === "translate") {
      yield* this.#stream(this.#plainMessages(action, prompt, options), options);
    } else if (action === "narrate") yield* this.#stream(await this.#narration(prompt, options), options);
    else if (action === "explainSql") {
      const sql = await this.#sql(prompt, options);
      yield `${sql}\n\n`;
      yield* this.#stream(explainMessages(prompt, sql, this.#database.dialect), options);
    } else yield await this.text(action, prompt, options);
  }

  openChat({ system = this.#settings.instructions }: ChatOptions): BackendChat {
    return new ModelChat(this.#client, system, this.#settings.maxInputTokens * TOKEN_LENGTH);
  }

  stats(): BackendStats {
    return this.#client.stats();
  }

  async stop(options?: { readonly timeout?: number | undefined }): Promise<void> {
    const { client, isClientOwn, database } = this.#settings;
    const timeout = options?.timeout;
    try {
      if (isClientOwn) await client.stop(timeout === undefined ? {} : { timeout });
    } finally {
      await database?.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Actions that need one are refused without it, before they come here. */
  get #database(): Database {
    return this.#settings.database!;
  }

  async #ask(messages: readonly PromptMessage[], options: ActionOptions): Promise<string> {
    return (await this.#client.ask({ messages }, askerOptions(options))).text;
  }

  #stream(messages: readonly PromptMessage[], options: ActionOptions): AsyncIterable<string> {
    return this.#client.stream({ messages }, askerOptions(options));
  }

  #plainMessages(
    action: "chat" | "generate" | "translate",
    prompt: string,
    { from, to }: ActionOptions,
  ): PromptMessage[] {
    if (action === "translate") return translateMessages(prompt, from, to!);
    const { instructions } = this.#settings;
    const user: PromptMessage = { role: "user", content: prompt };
    // Generating is asking the model with nothing added.
    return action === "generate" || instructions === undefined
      ? [user]
      : [{ role: "system", content: instructions }, user];
  }

  async #sqlMessages(prompt: string, signal: AbortSignal | undefined): Promise<PromptMessage[]> {
    const schema = await this.#schema!.read(signal);
    return sqlMessages(prompt, { dialect: this.#database.dialect, schema, instructions: this.#settings.instructions });
  }

  async #sql(prompt: string, options: ActionOptions): Promise<string> {
    return extractSql(await this.#ask(await this.#sqlMessages(prompt, options.signal), options));
  }

  async #narration(prompt: string, options: ActionOptions): Promise<PromptMessage[]> {
    return narrateMessages(prompt, await this.rows(prompt, options), this.#settings.instructions);
  }
}

function askerOptions({ signal, priority }: ActionOptions): { signal?: AbortSignal; priority?: number } {
  return { ...(signal && { signal }), ...(priority !== undefined && { priority }) };
}
