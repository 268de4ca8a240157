import { setTimeout as sleep } from "node:timers/promises";
import { call, worker } from "manyhands";

class Shard {
  async search(name: string, ms: number): Promise<string> {
    await sleep(ms, undefined, { signal: call().signal });
    if (name === "broken") throw new Error(`The shard '${name}' is broken`);
    return `${name} in ${ms} ms`;
  }
}

export const ShardWorker = worker(import.meta, Shard);
