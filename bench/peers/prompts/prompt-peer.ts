/** What all ways to send many prompts to one model have in common. */
import type { AccountStats } from "manyhands/prompts";

/** What is known of the model beforehand. */
export interface PromptJob {
  readonly url: string;
  readonly prompts: readonly string[];
  readonly concurrency: number;
  /** Per minute, where they are told. */
  readonly rpm?: number | undefined;
  readonly tpm?: number | undefined;
  readonly keys?: readonly string[] | undefined;
}

/** What became of it. */
export interface PromptRun {
  /** One for each prompt; `undefined` for one that was lost. */
  readonly answers: readonly (string | undefined)[];
  readonly accounts?: readonly AccountStats[];
}

/** A way to do it. */
export interface PromptPeer {
  readonly name: string;
  run(job: PromptJob): Promise<PromptRun>;
}

export const MODEL = "simulated";
