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
