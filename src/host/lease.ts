/** Until when a worker on a node may begin calls: a node that was cut off or frozen must not serve what others serve by now. */

/** The end of a lease, on two clocks: the one that stands still while the machine sleeps, and the one that can be set. */
export type LeaseEnd = readonly [monotonic: number, wall: number];

/** The end of a lease of so many ms that was asked for at `since`. */
export function leaseEnd([monotonic, wall]: LeaseEnd, ms: number): LeaseEnd {
  return [monotonic + ms, wall + ms];
}

/** Now, in ms; the first clock is the same for all processes of a machine. */
export function leaseNow(): LeaseEnd {
  const [seconds, nanoseconds] = process.hrtime();
  return [seconds * 1000 + nanoseconds / 1e6, Date.now()];
}

/** Whether it has ended by either clock: one that ends too early is renewed, one too late would do harm. */
export function hasEnded([monotonic, wall]: LeaseEnd): boolean {
  const now = leaseNow();
  return now[0] > monotonic || now[1] > wall;
}
