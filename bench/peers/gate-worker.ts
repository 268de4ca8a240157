import { worker } from "manyhands";

/** Calls that end when the gate is opened. */
class Gate {
  #waiting: ((value: number) => void)[] = [];

  wait(): Promise<number> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  open(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    waiting.forEach((resolve, index) => resolve(index));
  }
}

export const GateWorker = worker(import.meta, Gate);
