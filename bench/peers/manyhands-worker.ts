import { transfer, worker } from "manyhands";
import { count, cpu, echo, type Item, noop, size } from "../work.js";

class Work {
  noop(value: number): number {
    return noop(value);
  }

  echo(value: Item | string): Item | string {
    return echo(value);
  }

  cpu(blocks: number): number {
    return cpu(blocks);
  }

  size(bytes: Uint8Array): number {
    return size(bytes);
  }

  count(bytes: Uint8Array): number {
    return count(bytes);
  }

  transfer(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    return transfer(bytes);
  }
}

export const WorkWorker = worker(import.meta, Work);
