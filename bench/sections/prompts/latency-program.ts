/** Started by the section "latency", for each figure anew: runs one peer a few times, as the first thing a process does. */
import { countLost, makePrompts } from "./prompts.js";
import type { LatencyJob } from "./latency.js";
import type { PromptPeer } from "../../peers/prompts/prompt-peer.js";

const { peer, url, prompts: count, concurrency, runs } = JSON.parse(process.argv[2]!) as LatencyJob;
const { run } = await load(peer);
const prompts = makePrompts(count, [10, 30]);
const took: number[] = [];
for (let number = 0; number < runs; number += 1) {
  const start = performance.now();
  const { answers } = await run({ url, prompts, concurrency });
  took.push(performance.now() - start);
  const lost = countLost(answers);
  if (lost > 0) throw new Error(`${lost} prompts have no answer`);
}
process.send!(took);

/** Loads what this peer needs, and no more. */
async function load(name: LatencyJob["peer"]): Promise<PromptPeer> {
  if (name === "manyhands") return (await import("../../peers/prompts/manyhands-prompts.js")).MANYHANDS;
  if (name === "unlimited") return (await import("../../peers/prompts/manyhands-prompts.js")).MANYHANDS_UNLIMITED;
  if (name === "bare") return (await import("../../peers/prompts/bare-prompts.js")).BARE_HTTP;
  const { P_LIMIT, P_QUEUE } = await import("../../peers/prompts/prompt-peers.js");
  return name === "p-limit" ? P_LIMIT : P_QUEUE;
}
