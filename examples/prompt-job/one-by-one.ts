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

/** No divisor of the number of prompts: a few steps meet all tasks, and texts from everywhere. */
const STRIDE = 237;
const MOST_MEASURED = 12;
const MEASURED_SHARE = 0.02;

/**
 * Asks a few prompts one after the other, each when the one before is answered, and nothing else meanwhile: that all of
 * them would go on at this pace is an estimate.
 */
export async function askOneByOne(
  provider: Provider,
  prompts: readonly JobPrompt[],
  signal: AbortSignal,
): Promise<OneByOne> {
  await using client = new ModelClient(provider, { concurrency: 1 });
  using bar = new ProgressBar({ total: prompts.length, description: "One by one", unit: "prompts" });
  const measured = Math.min(Math.ceil(prompts.length * MEASURED_SHARE), MOST_MEASURED);
  const startedAt = performance.now();
  for (let index = 0; index < measured; index += 1) {
    await client.ask(prompts[(index * STRIDE) % prompts.length]!.prompt, { signal });
    bar.advance();
  }
  const estimate = ((performance.now() - startedAt) / measured) * prompts.length;
  bar.stop("enough to estimate");
  return { measured, estimate };
}
