import { transfer, worker } from "manyhands";

class Image {
  /** The result is handed over, not copied: it would be unusable here afterwards. */
  invert(pixels: Uint8Array): Uint8Array {
    for (let at = 0; at < pixels.length; at += 1) pixels[at] = 255 - pixels[at]!;
    return transfer(pixels);
  }

  /** Shared memory is neither copied nor handed over: everybody sees the same bytes. */
  histogram(pixels: Uint8Array, from: number, to: number, bins: Int32Array): void {
    for (let at = from; at < to; at += 1) Atomics.add(bins, pixels[at]! >> 6, 1);
  }
}

export const ImageWorker = worker(import.meta, Image);
