/** What the figures were measured on and with. */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";

export interface Machine {
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** @param packages - whose versions are to be named, beside our own */
export function describeMachine(packages: readonly string[]): Machine {
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    versions: {
      manyhands: versionOf("package.json"),
      ...Object.fromEntries(packages.map((name) => [name, versionOf(`node_modules/${name}/package.json`)])),
    },
  };
}

/** Processes that ran or wanted to, on average over the last minute. */
export function load(): number {
  return loadavg()[0]!;
}

/** Read from disk, as most packages do not export their `package.json`. */
function versionOf(path: string): string {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
