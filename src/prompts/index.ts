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
