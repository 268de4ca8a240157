import { setTimeout as sleep } from "node:timers/promises";
import { call, worker } from "manyhands";

const FRAMES: Readonly<Record<string, number>> = { Metropolis: 40, M: 60, Nosferatu: 50, torn: 60, 七人の侍: 70 };

class Encoder {
  readonly #frameMs: number;

  constructor(frameMs: number) {
    this.#frameMs = frameMs;
  }

  async encode(film: string): Promise<number> {
    const total = FRAMES[film] ?? 10;
    for (let frame = 0; frame < total; frame += 1) {
      call().progress(frame, total);
      if (film === "torn" && frame === total / 2) throw new Error(`Cannot read frame ${frame} of '${film}'`);
      await sleep(this.#frameMs);
    }
    call().progress(total, total);
    return total;
  }
}

export const EncoderWorker = worker(import.meta, Encoder);
