/** manyhands/prompts: many prompts to a model, under its limits. */
export { BudgetExceededError, InvalidSqlError, ModelError, type ModelFailure, QuotaExceededError } from "../errors.js";
export { type Failure, failureOf } from "./failure.js";
export {
  batchAnswerLine,
  batchFailureLine,
  type BatchOutputLine,
  type BatchResponse,
} from "./openai-batch/batch-output.js";
export { type BatchRequest, isBatchLine, readBatchLine } from "./openai-batch/read-batch-line.js";
export { anthropic, type AnthropicOptions } from "./providers/anthropic.js";
export type { HttpAccount } from "./providers/http-account.js";
export type { HttpAccountOptions, HttpOptions } from "./providers/http-options.js";
export { openai, type OpenAIOptions } from "./providers/openai.js";
export type { OwnAnswer } from "./providers/own-answer.js";
export { ownClient, type OwnClientOptions, type OwnSend } from "./providers/own-client.js";
export type { FetchLike } from "./wire/fetch-transport.js";
export type { MaxTokensField } from "./wire/format.js";
export { type AccountStats } from "./client/account-limits.js";
export { type AnswerCache } from "./client/answer-cache.js";
export { AnswerStream } from "./client/answer-stream.js";
export { type ModelClientOptions } from "./client/client-options.js";
export { type AskOptions, ModelClient, type ModelClientStats } from "./client/model-client.js";
export { type TokenPrice, type UsageTotals } from "./client/spending.js";
export type {
  Account,
  AccountRates,
  Endpoint,
  ModelAnswer,
  ModelRequest,
  PromptMessage,
  Provider,
  SendContext,
  Usage,
} from "./provider.js";
export {
  type Action,
  type ActionOptions,
  type ActionResult,
  type Backend,
  type BackendChat,
  type BackendPipelineOptions,
  type BackendProvider,
  type BackendStats,
  type ChatOptions,
  type PromptAction,
  type SettledAction,
  type SqlResult,
  type SqlRow,
  type TextAction,
} from "./profile/backend.js";
export { oracle } from "./oracle/oracle.js";
export type { OracleConnection, OracleDriver, OracleLob, OraclePipeline, OraclePool } from "./oracle/driver.js";
export type { FeedbackOptions } from "./oracle/feedback.js";
export { OracleChat, type OracleChatOptions, type OracleSendOptions } from "./oracle/oracle-chat.js";
export type { OracleChatDefaults, OracleOptions } from "./oracle/oracle-options.js";
export type { OracleRow } from "./oracle/oracle-tasks.js";
export { type OraclePipelineOptions, type OracleStats, SelectAi } from "./oracle/select-ai.js";
export type { OracleParameters, OracleProcedure } from "./oracle/statements.js";
export { type Database, type DescribeOptions, type QueryOptions, type QueryResult } from "./database/database.js";
export { pglite, type PgliteOptions } from "./database/pglite.js";
export { postgres, type PostgresOptions } from "./database/postgres.js";
export { ChatSession, type ChatSendOptions } from "./profile/chat-session.js";
export { type ProfileMapOptions } from "./profile/map-prompts.js";
export { type ModelAsker } from "./profile/model-asker.js";
export {
  type ActionStats,
  Profile,
  type ProfileStats,
  type StreamOptions,
  type SummarizeOptions,
  type TranslateOptions,
} from "./profile/profile.js";
export { type ProfileOptions } from "./profile/profile-options.js";
export { type RunPipelineOptions } from "./profile/run-actions.js";
export { type PromptsFormat } from "./run/answer-line.js";
export { type FileCache, fileCache } from "./run/file-cache.js";
export { type PromptDefaults } from "./run/read-prompt.js";
export { type RunPromptsOptions } from "./run/run-options.js";
export { type PromptsSummary, runPrompts } from "./run/run-prompts.js";
export { serveModel, type SimulatedModel } from "./simulation/serve-model.js";
export type {
  SimulatedFault,
  SimulatedKey,
  SimulatedRequest,
  SimulationOptions,
} from "./simulation/simulation-options.js";
export type { SimulationStats } from "./simulation/simulation-stats.js";
