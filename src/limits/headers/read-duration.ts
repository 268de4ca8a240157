/** The units in ms. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ["ns", 1e-6],
  ["us", 1e-3],
  ["µs", 1e-3],
  ["μs", 1e-3],
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

const PARTS = /(\d+(?:\.\d+)?)([a-zµμ]+)/g;
const WHOLE = /^-?(?:\d+(?:\.\d+)?[a-zµμ]+)+$/;

/** Reads a duration as Go prints it, and so OpenAI: `6m0s`, `1h2m3.5s`, `12ms`; in ms. Also takes days: `1d`. */
export function readDuration(text: string): number | undefined {
  if (!WHOLE.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(PARTS)) {
    const ms = UNITS.get(unit!);
    if (ms === undefined) return undefined;
    sum += Number(amount) * ms;
  }
  return text.startsWith("-") ? -sum : sum;
}
