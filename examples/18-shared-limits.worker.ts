import { setTimeout as sleep } from "node:timers/promises";
import { Worker, worker } from "manyhands";

/** The time by a clock that all processes of the machine share, in ms. */
function machineNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Stands for the client of a model API. */
class Client extends Worker {
  /** Counted in characters; as many again for an answer of unknown length. Returns when it was sent, and what it used. */
  async generate(prompt: string): Promise<{ sentAt: number; tokens: number }> {
    await using grant = await this.limits.acquire({ tokens: 2 * prompt.length });
    const sentAt = machineNow();
    await sleep(5);
    const tokens = prompt.length + 10;
    grant.update({ tokens });
    return { sentAt, tokens };
  }
}

export const ClientWorker = worker(import.meta, Client);
