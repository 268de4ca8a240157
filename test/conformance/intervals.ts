/** When something ran, by the clock of the machine, in ms. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** The most that began in any half-open window of so many ms. */
export function mostBegun(intervals: readonly Pick<Interval, "from">[], windowMs: number): number {
  const starts = intervals.map(({ from }) => from).toSorted((a, b) => a - b);
  let most = 0;
  for (let first = 0, behind = 0; first < starts.length; first += 1) {
    while (behind < starts.length && starts[behind]! < starts[first]! + windowMs) behind += 1;
    most = Math.max(most, behind - first);
  }
  return most;
}

/** The most that ran at once. */
export function mostAtOnce(intervals: readonly Interval[]): number {
  const changes = intervals.flatMap(({ from, to }) => [
    { at: from, by: 1 },
    { at: to, by: -1 },
  ]);
  // At the same instant the end goes first.
  const inOrder = changes.toSorted((a, b) => a.at - b.at || a.by - b.by);
  let now = 0;
  let most = 0;
  for (const { by } of inOrder) most = Math.max(most, (now += by));
  return most;
}

/** From the first start to the last, in ms. */
export function span(intervals: readonly Pick<Interval, "from">[]): number {
  const starts = intervals.map(({ from }) => from);
  return Math.max(...starts) - Math.min(...starts);
}
