/** manyhands/prompts: many prompts to a model, under its limits. */
export { BudgetExceededError, InvalidSqlError, ModelError, type ModelFailure, QuotaExceededError } from "../errors.js";
export type {
  Account,
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
export { OracleChat, type OracleChatOptions } from "./oracle/oracle-chat.js";
export type { OracleChatDefaults, OracleOptions } from "./oracle/oracle-options.js";
export type { OracleRow } from "./oracle/oracle-tasks.js";
export { type OraclePipelineOptions, type OracleStats, SelectAi } from "./oracle/select-ai.js";
export type { OracleParameters, OracleProcedure } from "./oracle/statements.js";
