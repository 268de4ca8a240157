/** Numbers for people. */

export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** A number of bytes in the unit that fits it. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  const [value, unit] = bytes < 1_000_000 ? [bytes / 1000, "kB"] : [bytes / 1_000_000, "MB"];
  return `${value < 10 ? value.toFixed(1) : count(value)} ${unit}`;
}

export function milliseconds(value: number): string {
  return value < 10 ? `${value.toFixed(2)} ms` : value < 1000 ? `${value.toFixed(0)} ms` : seconds(value);
}

/** A duration in ms, as seconds or minutes. */
export function seconds(ms: number): string {
  if (ms < 99_500) return `${(ms / 1000).toFixed(ms < 9950 ? 2 : 0)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** One thing or several. */
export function plural(value: number, thing: string): string {
  return `${count(value)} ${thing}${value === 1 ? "" : "s"}`;
}

/** Breaks a list into lines of at most `columns`, the later ones indented. */
export function wrap(parts: readonly string[], columns: number, indent: string): string {
  const lines = [""];
  for (const part of parts) {
    const line = lines.at(-1)!;
    const longer = line === "" ? part : `${line} ${part}`;
    if (line !== "" && indent.length + longer.length > columns) lines.push(part);
    else lines[lines.length - 1] = longer;
  }
  return lines.map((line) => indent + line).join("\n");
}
