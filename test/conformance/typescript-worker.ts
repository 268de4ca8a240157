import { worker } from "manyhands";

// @ts-expect-error not erasable, on purpose
enum Shout {
  Loud = "!",
}

/** Uses syntax that cannot be stripped, so that only a compiler can load it; tests load this very file. */
class Greeter {
  // @ts-expect-error not erasable, on purpose
  constructor(private readonly greeting: string) {}

  greet(name: string): string {
    return `${this.greeting}, ${name}${Shout.Loud}`;
  }
}

export const GreeterWorker = worker(import.meta, Greeter);
