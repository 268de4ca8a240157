/** Ways to send many prompts to one model. */
import { type AccountStats, ModelClient, openai } from "manyhands/prompts";
import OpenAI from "openai";
import pLimit from "p-limit";
import PQueue from "p-queue";

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

const MODEL = "simulated";
const MINUTE = 60_000;

async function manyhands(job: PromptJob): Promise<PromptRun> {
  const { url: baseURL, prompts, concurrency, rpm, tpm, keys = ["key"] } = job;
  const provider = openai({ model: MODEL, baseURL, accounts: keys.map((apiKey) => ({ apiKey })) });
  await using client = new ModelClient(provider, { concurrency, rpm, tpm });
  const answers = await Promise.all(prompts.map(async (prompt) => textOf(client.ask(prompt))));
  return { answers, accounts: client.stats().accounts };
}

async function textOf(answer: PromiseLike<{ readonly text: string }>): Promise<string | undefined> {
  try {
    return (await answer).text;
  } catch {
    return undefined;
  }
}

/** The official client with its default of two retries, which wait each by itself. */
function clientOf({ url: baseURL }: PromptJob): (prompt: string) => Promise<string | undefined> {
  const client = new OpenAI({ baseURL, apiKey: "key" });
  return async (prompt) => {
    try {
      const answer = await client.chat.completions.create({
        model: MODEL,
        messages: [{ role: "user", content: prompt }],
      });
      return answer.choices[0]?.message.content ?? undefined;
    } catch {
      return undefined;
    }
  };
}

export const MANYHANDS: PromptPeer = { name: "manyhands", run: manyhands };

/** Nothing is told of the model's limits. */
export const MANYHANDS_LEARNING: PromptPeer = {
  name: "manyhands, limits learned",
  run: (job) => manyhands({ ...job, rpm: undefined, tpm: undefined }),
};

export const P_LIMIT: PromptPeer = {
  name: "p-limit, openai",
  run: async (job) => {
    const limit = pLimit(job.concurrency);
    const ask = clientOf(job);
    return { answers: await Promise.all(job.prompts.map(async (prompt) => limit(ask, prompt))) };
  },
};

/** Requests per minute as its own limit, spread over seconds; it knows of no tokens. */
export const P_QUEUE: PromptPeer = {
  name: "p-queue, openai",
  run: async (job) => {
    const { concurrency, rpm } = job;
    const perSecond = rpm === undefined ? {} : { interval: 1000, intervalCap: Math.floor((rpm * 1000) / MINUTE) };
    const queue = new PQueue({ concurrency, ...perSecond });
    const ask = clientOf(job);
    return { answers: await Promise.all(job.prompts.map(async (prompt) => queue.add(() => ask(prompt)))) };
  },
};
