/** What a limiter under test looks like to the sections. */

/** Hands something out that is given back. */
interface Granting {
  acquire(): PromiseLike<unknown>;
  release(token: unknown): void;
}

/** Runs functions when it is their turn. */
interface Running {
  run(task: () => Promise<void>): PromiseLike<unknown>;
}

/** A limiter in the form in which its users meet it. */
export type Limiter = Granting | Running;

/** A library that limits how many run at once, or how many begin in a time. */
export interface LimiterPeer {
  readonly name: string;
  /** Whether those that find nothing free wait in the order in which they came; the others just get told. */
  readonly waitsInOrder: boolean;
  /** The longest queue that it can be measured with in seconds. Default: the longest of all. */
  readonly longestQueue?: number;
  open(): Limiter;
}

/** So many begin in a window of so many ms. */
export interface RateSettings {
  readonly capacity: number;
  readonly window: number;
}

/** A task that takes no time. */
export async function idle(): Promise<void> {}

/** Goes through a limiter once: as a task that runs, or by acquiring and releasing. */
export async function pass(limiter: Limiter, task: () => Promise<void>): Promise<void> {
  if ("run" in limiter) {
    await limiter.run(task);
    return;
  }
  const token = await limiter.acquire();
  try {
    await task();
  } finally {
    limiter.release(token);
  }
}
