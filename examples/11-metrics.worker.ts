import { worker } from "manyhands";

type Kind = "fast" | "slow";

export interface Metrics {
  readonly count: Readonly<Record<Kind, number>>;
  /** In ms, by kind. */
  readonly time: Readonly<Record<Kind, number>>;
}

class Measured {
  readonly #count = { fast: 0, slow: 0 };
  readonly #time = { fast: 0, slow: 0 };

  process(kind: Kind, value: number): number {
    const start = performance.now();
    const result = kind === "fast" ? value * 2 : slowly(value);
    this.#count[kind] += 1;
    this.#time[kind] += performance.now() - start;
    return result;
  }

  metrics(): Metrics {
    return { count: this.#count, time: this.#time };
  }
}

function slowly(value: number): number {
  const end = performance.now() + 5;
  while (performance.now() < end);
  return value ** 2;
}

export const MeasuredWorker = worker(import.meta, Measured);
