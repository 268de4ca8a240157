import { worker } from "manyhands";

/** Tests load this very file, types and all. */
class Greeter {
  readonly #greeting: string;

  constructor(greeting: string) {
    this.#greeting = greeting;
  }

  greet(name: string): string {
    return `${this.#greeting}, ${name}!`;
  }
}

// A version: each compiler makes another text of it.
export const GreeterWorker = worker(import.meta, Greeter, { version: "1" });
