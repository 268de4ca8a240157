import { Worker, worker } from "manyhands";

class Caller extends Worker<{ apiKey: string } | undefined> {
  /** Takes one call if one is left, without waiting; returns the key it is for, where there are several. */
  async tryCall(): Promise<string | undefined> {
    const grant = await this.limits.tryAcquire();
    grant?.release();
    return grant && (grant.config?.apiKey ?? "the only key");
  }
}

export const CallerWorker = worker(import.meta, Caller);
