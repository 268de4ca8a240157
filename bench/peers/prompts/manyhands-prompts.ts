/** Prompts through this library. */
import { map } from "manyhands";
import { ModelClient, openai } from "manyhands/prompts";
import { MODEL, type PromptJob, type PromptPeer, type PromptRun } from "./prompt-peer.js";

async function manyhands(job: PromptJob): Promise<PromptRun> {
  const { url: baseURL, prompts, concurrency, rpm, tpm, keys = ["key"] } = job;
  const provider = openai({ model: MODEL, baseURL, accounts: keys.map((apiKey) => ({ apiKey })) });
  await using client = new ModelClient(provider, { concurrency, rpm, tpm });
  const answers: (string | undefined)[] = [];
  for await (const result of map(prompts, client.ask, { settled: true })) {
    answers.push(result.status === "fulfilled" ? result.value.text : undefined);
  }
  return { answers, accounts: client.stats().accounts };
}

export const MANYHANDS: PromptPeer = { name: "manyhands", run: manyhands };

/** It is told that the model has no limits. */
export const MANYHANDS_UNLIMITED: PromptPeer = {
  name: "manyhands, told of no limits",
  run: (job) => manyhands({ ...job, rpm: Number.POSITIVE_INFINITY, tpm: Number.POSITIVE_INFINITY }),
};

/** Nothing is told of the model's limits. */
export const MANYHANDS_LEARNING: PromptPeer = {
  name: "manyhands, limits learned",
  run: (job) => manyhands({ ...job, rpm: undefined, tpm: undefined }),
};
