/** `runPrompts`: a file of prompts, asked of a model under its limits, durably. */
import { type BatchOutcome, performBatch, stoppedError } from "../../batch/run-batch.js";
import type { BatchContext } from "../../batch/engine.js";
import type { BatchOptions } from "../../batch/options.js";
import { onAbort } from "../../config/on-abort.js";
import { type BatchSummary, ManyhandsError, ModelError } from "../../errors.js";
import { type AnswerCache, MemoryCache } from "../client/answer-cache.js";
import { nothingLeft } from "../client/nothing-left.js";
import { ModelClient } from "../client/model-client.js";
import { failureOf } from "../failure.js";
import type { ModelAnswer, Usage } from "../provider.js";
import { type AnsweredItem, lineFormat } from "./answer-line.js";
import { assertCacheApart } from "./assert-cache-apart.js";
import { customIdOf } from "./batch-line.js";
import { fileCache } from "./file-cache.js";
import { promptReader } from "./read-prompt.js";
import { type ResolvedRun, resolveRun, type RunPromptsOptions } from "./run-options.js";
import { sumUsage } from "./spent.js";
import { Tally } from "./tally.js";

const NOTHING: Usage = { input: 0, output: 0 };
const GRACE = 5000;
/** Errors that every other prompt would meet too. */
const FATAL: readonly string[] = ["MH_QUOTA_EXCEEDED", "MH_BUDGET_EXCEEDED", "MH_MISSING_PACKAGE"];

/** What a run of prompts has done. */
export interface PromptsSummary extends BatchSummary {
  /** Tokens of all answers in the output, also those of earlier runs; without those that were not paid for again. */
  readonly usage: Required<Usage>;
  /** What they cost, at the prices that were given; `undefined` without prices. */
  readonly cost: number | undefined;
  /** Attempts of this run that were followed by another. */
  readonly retried: number;
  /** Attempts of this run that were refused as too many (429). */
  readonly throttled: number;
  /** Answers of this run that were in the cache, or asked for by another prompt at that time. */
  readonly reused: number;
}

/** How a run of prompts ended, for a program that tells of it in its own words. */
export interface PromptsOutcome extends BatchOutcome {
  readonly summary: PromptsSummary;
}

/**
 * Asks a model all prompts of a file, and writes each answer as a line as soon as it is there.
 *
 * It is a batch, as `runBatch` is: the output is the checkpoint, and a run with `resume` asks what is missing, whatever
 * ended the one before. Lines of the input may be prompts, conversations, texts to embed, lines of OpenAI Batch, or any
 * data with a template for `prompt`. Requests and tokens per minute are kept to, faults that pass are retried, and what
 * failed for good is in `OUTPUT.failures`. When no account has any quota left, a key is not accepted, or `maxCost` is
 * reached, the run stops; the rest is kept for the next. Tokens, cost and `maxCost` are those of the whole output, over all its runs.
 *
 * @throws {TypeError | RangeError} for options that are not valid
 * @throws {BatchRefusedError} when the output exists, is being written, or was made with other settings; nothing has changed
 * @throws {BatchStoppedError} when it ended early; `cause` says why, as a `QuotaExceededError` or `BudgetExceededError`
 * @throws the reason of `signal` when that fired; what was done until then is in the output
 * @example
 * const { done, failed, usage } = await runPrompts({
 *   input: "questions.jsonl",
 *   output: "answers.jsonl",
 *   provider: openai({ model: "gpt-4o-mini" }),
 *   rpm: 500,
 *   tpm: 200_000,
 *   resume: true,
 * });
 */
export async function runPrompts(options: RunPromptsOptions): Promise<PromptsSummary> {
  const { summary, stopped } = await performPrompts(options);
  if (stopped?.isAbort) throw stopped.reason;
  if (stopped) throw stoppedError(stopped.reason, summary);
  return summary;
}

/** As `runPrompts`, but a run that ended before its time tells so instead of throwing. */
export async function performPrompts(options: RunPromptsOptions): Promise<PromptsOutcome> {
  const run = resolveRun(options);
  const { provider, files, prompts } = run;
  const toRequest = promptReader(prompts);
  if (typeof run.cache === "string") await assertCacheApart(run.cache, files);
  await using cache = await openCache(run.cache);
  const before = files.resume && typeof files.output === "string" ? await sumUsage(files.output) : NOTHING;
  let client: ModelClient | undefined;
  const tally = new Tally(before, run.client.price, () => client?.stats().failures ?? {});
  const asker = (client = new ModelClient(provider, {
    ...run.client,
    ...(tally.cost !== undefined && { spent: tally.cost }),
    ...(cache && { cache: marking(cache, tally) }),
  }));
  const { grace = GRACE, signal } = files;
  let stopping: Promise<void> | undefined;
  const stop = (timeout: number): Promise<void> => (stopping ??= asker.stop({ timeout }));
  // What waits is given up at once; what was asked has until its grace is over, as it is paid for.
  const forget = signal && onAbort(signal, () => void stop(grace));
  const batch: BatchOptions = {
    ...files,
    ordered: run.isOrdered,
    // Enough that those which wait to be tried again keep no place free.
    concurrency: run.concurrency,
    settings: run.settings,
    stopOn: isFatal,
    run: (item, context: BatchContext) => ask(item, context),
  };
  try {
    const outcome = await performBatch(batch, {
      format: lineFormat(run.format, run.isText),
      unit: "prompts",
      onBar: (bar) => tally.showBelow(bar),
    });
    const { retried, cached, coalesced, failures } = asker.stats();
    const summary: PromptsSummary = {
      ...outcome.summary,
      usage: tally.usage,
      cost: tally.cost,
      retried,
      throttled: failures["rate-limit"] ?? 0,
      reused: cached + coalesced,
    };
    return { ...outcome, summary };
  } finally {
    forget?.();
    await stop(0);
  }

  async function ask(item: unknown, { signal: until }: BatchContext): Promise<AnsweredItem> {
    const request = toRequest(item);
    let answer: ModelAnswer;
    try {
      answer = await asker.ask(request, { signal: until });
    } catch (error) {
      // It would have been made again: that the run was told to end is why it is not, and no failure of its own.
      if (signal?.aborted && failureOf(error).failure !== "refused") throw signal.reason;
      if (!isSpent(asker, error)) throw error;
      throw nothingLeft(provider.model, { message: error.message, cause: error });
    }
    return { answer, isReused: tally.add(answer), customId: customIdOf(item) };
  }
}

type OpenCache = AnswerCache & AsyncDisposable;

async function openCache(cache: ResolvedRun["cache"]): Promise<OpenCache | undefined> {
  if (cache === undefined || cache === false) return undefined;
  if (typeof cache === "string") return fileCache(cache);
  const held = cache === true ? new MemoryCache() : cache;
  return {
    get: (key) => held.get(key),
    set: (key, answer) => held.set(key, answer),
    [Symbol.asyncDispose]: async () => {},
  };
}

function isFatal(error: unknown): boolean {
  if (ManyhandsError.is(error) && error.code !== "MH_MODEL") return FATAL.includes(error.code);
  // A key that is not accepted: a million prompts would be a million failures.
  return failureOf(error).status === 401;
}

/** Whether a request failed as one of the last that the quota did not suffice for. It has not failed: it is to be asked again. */
function isSpent(client: ModelClient, error: unknown): error is ModelError {
  return error instanceof ModelError && client.stats().accounts.every(({ isExhausted }) => isExhausted);
}

/** What comes out of a cache was paid for before. */
function marking(cache: AnswerCache, tally: Tally): AnswerCache {
  return {
    get: async (key) => {
      const answer = await cache.get(key);
      if (answer) tally.keep(answer);
      return answer;
    },
    set: (key, answer) => cache.set(key, answer),
  };
}
