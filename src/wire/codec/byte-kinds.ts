/** What holds bytes: `ArrayBuffer` and its views; a value says its kind by the place in this list. */
export const BYTE_KINDS = [
  ArrayBuffer,
  Uint8Array,
  Uint8ClampedArray,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigUint64Array,
  BigInt64Array,
] as const;

/** The place of `ArrayBuffer`; those behind it are views. */
export const RAW_BUFFER = 0;
