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
export { serveModel, type SimulatedModel } from "./simulation/serve-model.js";
export type {
  SimulatedFault,
  SimulatedKey,
  SimulatedRequest,
  SimulationOptions,
} from "./simulation/simulation-options.js";
export type { SimulationStats } from "./simulation/simulation-stats.js";
