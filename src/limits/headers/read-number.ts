const NUMBER = /^[+-]?\d+(?:\.\d+)?$/;

/** Reads a decimal number; `Number` alone would also take nothing, `0x10` and `Infinity`. */
export function readNumber(text: string): number | undefined {
  return NUMBER.test(text) ? Number(text) : undefined;
}
