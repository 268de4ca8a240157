/** What a server said, made usable: 0 in place of less, nothing in place of what is not finite. */
export function atLeastZero(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) ? Math.max(value, 0) : undefined;
}
