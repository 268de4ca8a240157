import { ProgressBar } from "manyhands";
import { ModelClient, type Provider } from "manyhands/prompts";
import type { JobPrompt } from "./job.js";

/** What was measured, and what all of it would take. */
export interface OneByOne {
  /** Prompts that were asked. */
  readonly measured: number;
  /** ms for all prompts at the pace of those. */
  readonly estimate: number;
}

export interface OneByOneOptions {
  readonly signal: AbortSignal;
  /** Whether no more need to be asked. */
  isEnough(): boolean;
}

/** No divisor of the number of prompts: a few steps meet all tasks, and texts from everywhere. */
const STRIDE = 237;
const LEAST_MEASURED = 3;

/**
 * Asks prompts one after the other, each when the one before is answered, until that is enough: that all of them would go
 * on at this pace is an estimate.
 */
export async function askOneByOne(
  provider: Provider,
  prompts: readonly JobPrompt[],
  { signal, isEnough }: OneByOneOptions,
): Promise<OneByOne> {
  await using client = new ModelClient(provider, { concurrency: 1 });
  using bar = new ProgressBar({ total: prompts.length, description: "One by one", unit: "prompts" });
  const startedAt = performance.now();
  let measured = 0;
  while (measured < prompts.length && !(isEnough() && measured >= LEAST_MEASURED)) {
    await client.ask(prompts[(measured * STRIDE) % prompts.length]!.prompt, { signal });
    measured += 1;
    bar.advance();
  }
  const estimate = ((performance.now() - startedAt) / measured) * prompts.length;
  if (measured < prompts.length) bar.stop("enough to compare");
  return { measured, estimate };
}
