import { Worker, worker } from "manyhands";

class Reporter extends Worker {
  where(): string {
    return this.worker.mode;
  }
}

export const ReporterWorker = worker(import.meta, Reporter, { timeout: 5000 });
