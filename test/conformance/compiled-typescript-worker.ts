import { worker } from "manyhands";

// @ts-expect-error not erasable, on purpose
enum Shout {
  Loud = "!",
}

/** Uses syntax that only a compiler can translate; tests load this very file. */
class Shouter {
  // @ts-expect-error not erasable, on purpose
  constructor(private readonly greeting: string) {}

  greet(name: string): string {
    return `${this.greeting}, ${name}${Shout.Loud}`;
  }
}

export const ShouterWorker = worker(import.meta, Shouter);
