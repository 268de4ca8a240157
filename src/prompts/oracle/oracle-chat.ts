/**
 * A conversation that the database keeps.
 *
 * Owns its id, and whether it is dropped at the end. Does not own connections: it is given what asks, with one connection
 * of its own or with the next that is free.
 */
import { checkFields } from "../../config/check-fields.js";
import { checkFlag } from "../../config/check-flag.js";
import { PoolStoppedError } from "../../errors.js";
import type { BackendChat } from "../profile/backend.js";
import type { OracleCallOptions } from "./oracle-calls.js";
import type { OracleParameters, OracleProcedure } from "./statements.js";

/** How a chat is begun. */
export interface OracleChatOptions {
  /** A conversation to go on with, which is not dropped unless `drop` says so. @default a new one */
  readonly conversationId?: string | undefined;
  /** Of a new conversation. @default "New Conversation" */
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  /** How long the database keeps it, in days. @default what the database says: 7 */
  readonly retentionDays?: number | undefined;
  /** How many turns are sent along to the model. @default what the database says: 10 */
  readonly conversationLength?: number | undefined;
  /** Whether it is dropped when the chat is closed. @default `chats.drop` of the options */
  readonly drop?: boolean | undefined;
  /** Whether the chat keeps one connection. @default `chats.pin` of the options */
  readonly pin?: boolean | undefined;
}

/** How a question of a chat is asked. */
export interface OracleSendOptions extends OracleCallOptions {
  /** More parameters of `GENERATE`. */
  readonly params?: Readonly<Record<string, unknown>> | undefined;
}

/** How a chat asks the database. */
export interface ChatLine {
  ask<P extends OracleProcedure>(
    procedure: P,
    parameters: OracleParameters<P>,
    options?: OracleCallOptions,
  ): PromiseLike<string>;
  /** Lets go of the connection, where there is one of its own. */
  release(): Promise<void>;
}

const FIELDS: Readonly<Record<keyof OracleChatOptions, true>> = {
  conversationId: true,
  title: true,
  description: true,
  retentionDays: true,
  conversationLength: true,
  drop: true,
  pin: true,
};

/** @throws {TypeError} for options that are unknown or not valid */
export function checkChatOptions(options: OracleChatOptions): void {
  checkFields("chat", options, Object.keys(FIELDS));
  checkFlag("chat.drop", options.drop);
  checkFlag("chat.pin", options.pin);
}

/** A conversation in the database: asked one thing after the other. */
export class OracleChat implements BackendChat, AsyncDisposable {
  /** The id that the database gave it; to be used for `conversationId` of another chat. */
  readonly conversationId: string;
  readonly #line: ChatLine;
  readonly #isDropped: boolean;
  /** What was asked last; never rejects. */
  #last: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(conversationId: string, line: ChatLine, isDropped: boolean) {
    this.conversationId = conversationId;
    this.#line = line;
    this.#isDropped = isDropped;
  }

  /** Begins a conversation, or goes on with one. */
  static async open(options: OracleChatOptions, line: ChatLine, drop: boolean): Promise<OracleChat> {
    const { conversationId, title = "New Conversation", description, retentionDays, conversationLength } = options;
    if (conversationId !== undefined) return new OracleChat(conversationId, line, options.drop ?? false);
    const attributes = {
      title,
      description,
      retention_days: retentionDays,
      conversation_length: conversationLength,
    };
    try {
      return new OracleChat(await line.ask("CREATE_CONVERSATION", { attributes }), line, options.drop ?? drop);
    } catch (error) {
      await line.release();
      throw error;
    }
  }

  /** Asks, once what was asked before is answered. */
  async send(prompt: string, options: OracleSendOptions = {}): Promise<string> {
    if (this.#closing) throw new PoolStoppedError("Cannot ask as the chat is closed");
    checkFields("send", options, ["signal", "priority", "params"]);
    const { signal, priority } = options;
    const params = { ...options.params, conversation_id: this.conversationId };
    const ask = async (): Promise<string> =>
      this.#line.ask("GENERATE", { prompt, action: "chat", params }, { signal, priority });
    const answer = this.#last.then(ask);
    this.#last = answer.then(ignore, ignore);
    return answer;
  }

  /** Drops the conversation, where that was asked for, and lets go of the connection. Later calls do nothing. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#last;
    try {
      if (!this.#isDropped) return;
      await this.#line.ask("DROP_CONVERSATION", { conversation_id: this.conversationId, force: true });
    } finally {
      await this.#line.release();
    }
  }
}

function ignore(): void {}
