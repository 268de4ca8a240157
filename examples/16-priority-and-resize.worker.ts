import { worker } from "manyhands";

class Clerk {
  readonly #served: string[] = [];

  serve(customer: string): string {
    this.#served.push(customer);
    return customer;
  }

  /** Blocks its thread until somebody opens the gate. */
  lunch(gate: Int32Array): void {
    Atomics.wait(gate, 0, 0);
  }

  served(): readonly string[] {
    return this.#served;
  }
}

export const ClerkWorker = worker(import.meta, Clerk);
