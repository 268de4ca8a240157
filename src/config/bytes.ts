import { show } from "./show.js";

const UNITS: Readonly<Record<string, number>> = { b: 1, kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30, tb: 2 ** 40 };

/**
 * Reads an amount of memory: a number of bytes, or a text such as `"512MB"` or `"1.5 GB"`, in powers of 1,024.
 * @throws {TypeError} naming what was to be set, when it is none
 */
export function bytes(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return Math.ceil(value);
  const [, amount, unit] =
    /^(\d+(?:\.\d+)?)\s*([kmgt]?i?b)$/i.exec(typeof value === "string" ? value.trim() : "") ?? [];
  const factor = UNITS[unit?.toLowerCase().replace("i", "") ?? ""];
  if (amount !== undefined && factor !== undefined) return Math.ceil(Number(amount) * factor);
  throw new TypeError(
    `Cannot set '${name}' as it must be a number of bytes or a text such as '512MB': current value is ${show(value)}`,
  );
}
