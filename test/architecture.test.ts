import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

it("docs/architecture.md maps every source file, and no other", () => {
  const files = readdirSync(new URL("../src", import.meta.url), { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts"));
  const mapped = [...read("../docs/architecture.md").matchAll(/^\| `([\w./-]+\.ts)`/gm)].map(([, path]) => path);
  expect(new Set(mapped)).toEqual(new Set(files));
  expect(mapped).toHaveLength(files.length);
});
