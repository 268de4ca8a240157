/** What is usually written by hand to send many prompts to one model. */
import OpenAI from "openai";
import pLimit from "p-limit";
import PQueue from "p-queue";
import { MODEL, type PromptJob, type PromptPeer } from "./prompt-peer.js";

const MINUTE = 60_000;

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
