/** Functions that make calls of a pool when they are called, such as `pool.hash`, and what is behind them. */

/** What is behind a function that makes calls. */
export interface Callable {
  /** As in `Hasher.hash`. */
  readonly label: string;
  /** Calls that keep all workers of the pool busy. */
  capacity(): number;
}

const callables = new WeakMap<object, Callable>();

/** Remembers that a function makes calls of a pool. */
export function rememberCallable<F extends object>(fn: F, callable: Callable): F {
  callables.set(fn, callable);
  return fn;
}

/** What is behind a function, where it makes calls of a pool. Its arguments are sent: nothing must be added to them. */
export function callableOf(fn: unknown): Callable | undefined {
  return typeof fn === "function" ? callables.get(fn) : undefined;
}
