const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
] as const;

/** How long something took or lasts, in its largest unit that is not below 1: `5s`, `12m`, `3h`, `9d`. */
export function age(ms: number): string {
  const [unit, length] = UNITS.find(([, each]) => ms >= each) ?? ["s", 1000];
  return `${Math.max(0, Math.floor(ms / length))}${unit}`;
}
