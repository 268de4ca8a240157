/** A simulated model in a process of its own, so that it takes no time of those who ask it. */
import { fork } from "node:child_process";
import { once } from "node:events";
import type { SimulationOptions, SimulationStats } from "manyhands/prompts";

/** A simulated model that is running. */
export interface ModelProcess extends AsyncDisposable {
  readonly url: string;
  stats(): Promise<SimulationStats>;
}

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
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}
