import type {
  Action,
  ActionOptions,
  Backend,
  BackendChat,
  BackendPipelineOptions,
  ChatOptions,
  PromptAction,
  SettledAction,
  SqlResult,
  TextAction,
} from "../profile/backend.js";
import type { Future } from "../../future/future.js";
import { oneOf } from "../../config/one-of.js";
import type { OracleChatOptions } from "./oracle-chat.js";
import type { OracleStats, SelectAi } from "./select-ai.js";

/** What of a new conversation can be said in the parameters of a chat, as the database names it. */
const ATTRIBUTES: Readonly<Record<string, keyof OracleChatOptions>> = {
  conversation_id: "conversationId",
  title: "title",
  description: "description",
  retention_days: "retentionDays",
  conversation_length: "conversationLength",
};

/** Does the actions of a profile in an Oracle database. */
export class OracleBackend implements Backend {
  readonly #ai: SelectAi;
  readonly #isOwner: boolean;

  /** @param isOwner - whether the connections are closed with it */
  constructor(ai: SelectAi, isOwner: boolean) {
    this.#ai = ai;
    this.#isOwner = isOwner;
  }

  refusal(action: Action, { to }: ActionOptions): string | undefined {
    return action === "translate" && to === undefined ? "the language wanted is not set: set 'to'" : undefined;
  }

  text(action: TextAction, prompt: string, options: ActionOptions): Future<string> {
    return this.#ai.text(action, prompt, options);
  }

  rows(prompt: string, options: ActionOptions): Future<SqlResult> {
    return this.#ai.rows(prompt, options);
  }

  async openChat({ system, maxTurns, params = {} }: ChatOptions): Promise<BackendChat> {
    if (system !== undefined) {
      throw new TypeError("Cannot set 'system' as the instructions of Oracle are those of its AI profile");
    }
    const options: Record<string, unknown> = { conversationLength: maxTurns };
    for (const [name, value] of Object.entries(params)) {
      options[ATTRIBUTES[oneOf("params", name, Object.keys(ATTRIBUTES))]!] = value;
    }
    return this.#ai.openChat(options);
  }

  pipeline(actions: readonly PromptAction[], options: BackendPipelineOptions): Promise<readonly SettledAction[]> {
    return this.#ai.runPipeline(actions, options);
  }

  stats(): OracleStats {
    return this.#ai.stats();
  }

  async stop(options?: { readonly timeout?: number | undefined }): Promise<void> {
    if (this.#isOwner) await this.#ai.stop(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
