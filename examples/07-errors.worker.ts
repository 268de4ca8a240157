import { worker } from "manyhands";

/** Exported beside the worker: a caller gets it as this class, with its own fields. */
export class NegativeValueError extends RangeError {
  override name = "NegativeValueError";
  readonly value: number;

  constructor(value: number, options?: ErrorOptions) {
    super(`Negative value not allowed: ${value}`, options);
    this.value = value;
  }
}

interface Item {
  readonly value: number;
  readonly shouldFail?: boolean;
}

class Risky {
  riskyOperation(value: number): number {
    if (value < 0) throw new NegativeValueError(value, { cause: new TypeError("Not an unsigned number") });
    return value * 2;
  }

  process(item: Item): number {
    if (item.shouldFail) throw new Error("Processing failed");
    return item.value * 2;
  }

  /** Says no word until it is told to. */
  waitFor(gate: Int32Array): string {
    Atomics.wait(gate, 0, 0);
    return "there after all";
  }

  crash(): never {
    process.exit(3);
  }
}

export const RiskyWorker = worker(import.meta, Risky);
