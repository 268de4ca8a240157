/** A simulated model in a process of its own, so that it takes no time of those who ask it. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { BARE_HTTP } from "../../peers/prompts/bare-prompts.js";
import { makePrompts } from "./prompts.js";
import type { SimulationOptions, SimulationStats } from "manyhands/prompts";

/** A simulated model that is running. */
export interface ModelProcess extends AsyncDisposable {
  readonly url: string;
  stats(): Promise<SimulationStats>;
  /** Lets it answer a few thousand requests: in the field it would have done nothing else. They count in its statistics. */
  warmUp(): Promise<void>;
}

const WARM_UP = { prompts: 6000, concurrency: 200 };

export async function startModel(options: SimulationOptions): Promise<ModelProcess> {
  const child = fork(new URL("./model-program.js", import.meta.url), [JSON.stringify(options)]);
  const [url] = (await once(child, "message")) as [string];
  return {
    url,
    stats: async () => {
      child.send("stats");
      const [stats] = (await once(child, "message")) as [SimulationStats];
      return stats;
    },
    warmUp: async () => {
      const prompts = makePrompts(WARM_UP.prompts, [10, 30]);
      await BARE_HTTP.run({ url, prompts, concurrency: WARM_UP.concurrency });
    },
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}
