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
export { serveModel, type SimulatedModel } from "./simulation/serve-model.js";
export type {
  SimulatedFault,
  SimulatedKey,
  SimulatedRequest,
  SimulationOptions,
} from "./simulation/simulation-options.js";
export type { SimulationStats } from "./simulation/simulation-stats.js";
