/** A bar that has counted what it shows. */
interface Counted {
  readonly done: number;
  readonly failures: number;
  succeed(): void;
  fail(): void;
}

/** Ends a bar whose work is over, as its counts say: as failed when nothing but failures was counted, else as a success. */
export function finish(bar: Counted): void {
  if (bar.failures > 0 && bar.failures === bar.done) bar.fail();
  else bar.succeed();
}
