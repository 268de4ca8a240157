/**
 * Counts durations in buckets of at most 6 % width, in constant memory.
 *
 * The buckets are log-linear, as in HdrHistogram (Gil Tene, hdrhistogram.org): 16 to each doubling, from about 1 µs on.
 */
const SUBDIVISIONS = 16;
/** The exponent and the first four bits of the fraction of a double are the number of its bucket. */
const SHIFT = 16;
const LEAST = 2 ** -10;
const BUCKETS = 44 * SUBDIVISIONS;

const double = new Float64Array(1);
const words = new Int32Array(double.buffer);
/** Which of the words has sign and exponent. */
const HIGH = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;
const FIRST = numberOf(LEAST);

/** The number of the bucket that a positive duration is in, from that of `LEAST` on; one cheap look at its bits. */
function numberOf(ms: number): number {
  double[0] = ms;
  return words[HIGH]! >> SHIFT;
}

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
  if (!(ms >= LEAST)) return 0;
  return Math.min(1 + numberOf(ms) - FIRST, BUCKETS - 1);
}

function middleOf(bucket: number): number {
  if (bucket === 0) return LEAST / 2;
  const part = (bucket - 1) % SUBDIVISIONS;
  return LEAST * 2 ** Math.floor((bucket - 1) / SUBDIVISIONS) * (1 + (part + 0.5) / SUBDIVISIONS);
}
