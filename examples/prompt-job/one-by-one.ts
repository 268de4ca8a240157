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

/** Coprime to the number of prompts: a few steps meet all tasks, and texts from everywhere. */
const STRIDE = 237;

/**
 * Asks prompts one after the other, each when the one before is answered, until the signal fires: that all of them would
 * go on at this pace is an estimate.
 */
export async function askOneByOne(
  provider: Provider,
  prompts: readonly JobPrompt[],
  signal: AbortSignal,
): Promise<OneByOne> {
  await using client = new ModelClient(provider, { concurrency: 1 });
  using bar = new ProgressBar({ total: prompts.length, description: "One by one", unit: "prompts" });
  const startedAt = performance.now();
  let measured = 0;
  let elapsed = 0;
  while (!signal.aborted && measured < prompts.length) {
    const { prompt } = prompts[(measured * STRIDE) % prompts.length]!;
    const error = await client.ask(prompt, { signal }).exception();
    if (signal.aborted) break;
    if (error !== undefined) throw error;
    measured += 1;
    elapsed = performance.now() - startedAt;
    bar.advance();
  }
  bar.stop(`after ${measured}`);
  return { measured, estimate: (elapsed / measured) * prompts.length };
}
