import { setTimeout as sleep } from "node:timers/promises";
import { call, worker } from "manyhands";

class Mirror {
  /** Answers after `delay` ms, unless it is told that nobody waits any more. */
  async fetch(name: string, delay: number): Promise<string> {
    await sleep(delay, undefined, { signal: call().signal });
    return `answer of ${name}`;
  }
}

export const MirrorWorker = worker(import.meta, Mirror);
