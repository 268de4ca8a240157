const UNITS = ["B", "KB", "MB", "GB", "TB"] as const;

/** An amount of memory as people say it, in powers of 1,024: `512 MB`, `1.5 GB`. */
export function size(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  while (amount >= 1024 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${Number(amount.toFixed(amount < 10 ? 1 : 0))} ${UNITS[unit]}`;
}
