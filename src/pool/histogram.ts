/**
 * Counts durations in buckets of at most 6 % width, in constant memory.
 *
 * The buckets are log-linear, as in HdrHistogram (Gil Tene, hdrhistogram.org): 16 to each doubling, from 1 µs on.
 */
const SUBDIVISIONS = 16;
const SUBDIVISION_BITS = 4;
const BUCKETS = 40 * SUBDIVISIONS;

/** Durations in ms: how the values of a histogram are spread. */
export interface Percentiles {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export class Histogram {
  readonly #buckets = new Float64Array(BUCKETS);
  #count = 0;
  #sum = 0;
  #max = 0;

  /** Adds a duration, in ms. */
  record(ms: number): void {
    const bucket = bucketOf(ms);
    this.#buckets[bucket] = this.#buckets[bucket]! + 1;
    this.#count += 1;
    this.#sum += ms;
    if (ms > this.#max) this.#max = ms;
  }

  percentiles(): Percentiles {
    return {
      count: this.#count,
      mean: this.#count === 0 ? 0 : this.#sum / this.#count,
      p50: this.#quantile(0.5),
      p95: this.#quantile(0.95),
      p99: this.#quantile(0.99),
      max: this.#max,
    };
  }

  #quantile(fraction: number): number {
    if (this.#count === 0) return 0;
    let left = Math.ceil(this.#count * fraction);
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      left -= this.#buckets[bucket]!;
      if (left <= 0) return Math.min(this.#max, middleOf(bucket));
    }
    return this.#max;
  }
}

function bucketOf(ms: number): number {
  const microseconds = Math.min(Math.max(Math.floor(ms * 1000), 0), 2 ** 43 - 1);
  if (microseconds < SUBDIVISIONS) return microseconds;
  if (microseconds < 0x4000_0000) {
    const shift = 31 - SUBDIVISION_BITS - Math.clz32(microseconds);
    return (shift << SUBDIVISION_BITS) + (microseconds >> shift);
  }
  const high = Math.floor(microseconds / 0x1_0000_0000);
  const bits = high > 0 ? 63 - Math.clz32(high) : 31 - Math.clz32(microseconds);
  const shift = bits - SUBDIVISION_BITS;
  return (shift << SUBDIVISION_BITS) + Math.floor(microseconds / 2 ** shift);
}

function middleOf(bucket: number): number {
  if (bucket < 2 * SUBDIVISIONS) return (bucket + 0.5) / 1000;
  const shift = (bucket >> SUBDIVISION_BITS) - 1;
  return ((SUBDIVISIONS + (bucket & (SUBDIVISIONS - 1)) + 0.5) * 2 ** shift) / 1000;
}
