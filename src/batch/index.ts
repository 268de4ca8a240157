/** manyhands/batch: a function over each line of a file, durably. */
export { BatchRefusedError, BatchStoppedError, type BatchSummary } from "../errors.js";
export { type BatchInput } from "./byte-source.js";
export { type BatchContext } from "./engine.js";
export { type BatchOptions } from "./options.js";
export { runBatch } from "./run-batch.js";
