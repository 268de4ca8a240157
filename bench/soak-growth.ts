/** Whether a program's memory grows. */
import { formatNumber } from "./report.js";
import { median } from "./statistics.js";

/** What a program had in memory after so many calls, in MiB; the heap collected. */
export interface MemorySample {
  readonly calls: number;
  readonly heap: number;
  readonly external: number;
  readonly rss: number;
}

/** What a soak found out. */
export interface Soak {
  readonly mode: string;
  readonly calls: number;
  readonly samples: readonly MemorySample[];
}

/** So much of the run is left out at the beginning: caches, pages and optimized code grow until a steady state. */
const SETTLING = 0.2;
/** What may be added between the first and the last third of the rest, in MiB, where nothing leaks. */
const HEAP_MAY_GROW = 1;
/** Threads' heaps are a part of it, which are not collected for a sample; and pages that are free come back late. */
const RSS_MAY_GROW = 16;

/**
 * Memory is flat when the median of the last third of the samples, the first fifth of the run left out, lies at most
 * 1 MiB (heap and external memory together) and 16 MiB (resident memory) above that of the first third.
 */
export function judgeGrowth(samples: readonly MemorySample[]): { readonly isFlat: boolean; readonly text: string } {
  const settled = samples.slice(Math.floor(samples.length * SETTLING));
  const third = Math.max(1, Math.floor(settled.length / 3));
  const [first, last] = [settled.slice(0, third), settled.slice(-third)];
  const growth = (size: (sample: MemorySample) => number): number => median(last.map(size)) - median(first.map(size));
  const heap = growth((sample) => sample.heap + sample.external);
  const rss = growth((sample) => sample.rss);
  const isFlat = heap <= HEAP_MAY_GROW && rss <= RSS_MAY_GROW;
  const text =
    `Between the first and the last third of what follows the first fifth, the heap grew by ${formatNumber(heap)} MiB ` +
    `(at most ${HEAP_MAY_GROW}) and resident memory by ${formatNumber(rss)} MiB (at most ${RSS_MAY_GROW}): ` +
    `memory is ${isFlat ? "flat" : "**not flat**"}.`;
  return { isFlat, text };
}
