import { fork } from "node:child_process";
import { once } from "node:events";
import { contest, type Row } from "../../contest.js";
import type { Section } from "../../section.js";
import { median } from "../../statistics.js";
import { startModel } from "./model-process.js";

const PROMPTS = 2000;
const CONCURRENCY = 50;
const LATENCY = 100;
const RUNS = 3;

/** What a process of its own measures. */
export interface LatencyJob {
  readonly peer: "manyhands" | "unlimited" | "p-limit" | "p-queue" | "bare";
  readonly url: string;
  readonly prompts: number;
  readonly concurrency: number;
  /** How often, one after the other. */
  readonly runs: number;
}

const PEERS: readonly { readonly name: string; readonly peer: LatencyJob["peer"] }[] = [
  { name: "manyhands", peer: "manyhands" },
  { name: "manyhands, told of no limits", peer: "unlimited" },
  { name: "p-limit, openai", peer: "p-limit" },
  { name: "p-queue, openai", peer: "p-queue" },
  { name: "node:http, bare loops", peer: "bare" },
];

/** A model without limits and faults: what the client itself adds. */
export const latency: Section = {
  name: "latency",
  run: async (context) => {
    await using model = await startModel({ latency: LATENCY, outputTokens: [16, 64] });
    await model.warmUp();
    const least = (PROMPTS / CONCURRENCY) * LATENCY;
    const later = new Map<string, number[]>();
    const rows = await contest(
      context.select(PEERS).map(({ name, peer }) => ({
        name,
        measure: async () => {
          const job = { peer, url: model.url, prompts: PROMPTS, concurrency: CONCURRENCY, runs: RUNS };
          const took = await measure(job);
          later.set(name, [...(later.get(name) ?? []), took.at(-1)! / least]);
          return took[0]! / least;
        },
      })),
      { ...context, warmUpMs: 0 },
    );
    const cell = ({ peer }: Row): string => median(later.get(peer) ?? []).toFixed(2);
    return [
      {
        title: `${PROMPTS.toLocaleString("en-US")} prompts, ${LATENCY} ms each, ${CONCURRENCY} at once`,
        unit: "times the minimum",
        better: "lower",
        notes: [
          `The minimum is ${least / 1000} s. Each figure is the first run of a process that has done nothing before, as that of ` +
            `a program that asks once; 'run ${RUNS}' is of the same processes. The model has answered others before.`,
          "manyhands awaits its first answer alone, which takes 0.025 of the minimum, unless it is told 'rpm' and 'tpm' of Infinity.",
        ],
        rows,
        extra: { heading: `run ${RUNS}`, cell },
        usesProcesses: true,
      },
    ];
  },
};

/** How long each run took, in ms. */
async function measure(job: LatencyJob): Promise<readonly number[]> {
  const child = fork(new URL("./latency-program.js", import.meta.url), [JSON.stringify(job)]);
  const ended = once(child, "exit");
  const failed = ended.then(([code]) => {
    throw new Error(`Cannot measure ${job.peer} as its process ended with ${String(code)}`);
  });
  const [took] = (await Promise.race([once(child, "message"), failed])) as [readonly number[]];
  child.disconnect();
  await ended;
  return took;
}
