/** A promise settled from outside. */
export class Gate<T = void> {
  readonly promise: Promise<T>;
  open!: (value: T) => void;
  fail!: (error: unknown) => void;

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.open = resolve;
      this.fail = reject;
    });
  }
}

/** Calls of a function that end when the test says so, by item. */
export class Calls<T> {
  readonly begun: T[] = [];
  readonly signals: AbortSignal[] = [];
  readonly #gates = new Map<T, Gate<T>>();
  most = 0;
  #running = 0;

  readonly fn = async (item: T, { signal }: { signal: AbortSignal }): Promise<T> => {
    this.begun.push(item);
    this.signals.push(signal);
    const gate = new Gate<T>();
    this.#gates.set(item, gate);
    this.most = Math.max(this.most, (this.#running += 1));
    try {
      return await gate.promise;
    } finally {
      this.#running -= 1;
    }
  };

  end(...items: T[]): void {
    for (const item of items) this.#gates.get(item)!.open(item);
  }

  fail(item: T, error: unknown): void {
    this.#gates.get(item)!.fail(error);
  }
}

/** A source that counts what is taken from it, and knows whether it was closed. */
export class Numbers implements Iterable<number> {
  pulled = 0;
  isClosed = false;
  readonly #end: number;

  constructor(end = Number.POSITIVE_INFINITY) {
    this.#end = end;
  }

  *[Symbol.iterator](): Generator<number, void, undefined> {
    try {
      while (this.pulled < this.#end) yield this.pulled++;
    } finally {
      this.isClosed = true;
    }
  }

  async *later(): AsyncGenerator<number, void, undefined> {
    yield* this;
  }
}

/** Lets everything happen that needs no timer. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}
