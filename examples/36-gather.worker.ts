import { setTimeout as sleep } from "node:timers/promises";
import { call, worker } from "manyhands";

/** Stands for three services that know nothing of each other. */
class Directory {
  async profile(user: string): Promise<{ name: string }> {
    await sleep(20);
    return { name: user.toUpperCase() };
  }

  async usage(user: string): Promise<number> {
    await sleep(10);
    return user.length * 100;
  }

  async limits(user: string): Promise<{ perMinute: number }> {
    if (user === "") throw new RangeError("There is no user without a name");
    return { perMinute: 1000 };
  }

  /** Takes as long as it is let. */
  async history(): Promise<never> {
    const { signal } = call();
    await sleep(60_000, undefined, { signal });
    throw new Error("Never reached");
  }
}

interface Item {
  readonly value: number;
  readonly isBroken?: boolean;
}

class Unreliable {
  process({ value, isBroken = false }: Item): number {
    if (isBroken) throw new RangeError(`Cannot process ${value}`);
    return value * 2;
  }
}

export const DirectoryWorker = worker(import.meta, Directory);
export const UnreliableWorker = worker(import.meta, Unreliable);
