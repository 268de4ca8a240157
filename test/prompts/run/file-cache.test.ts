import { appendFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileCache, type ModelAnswer } from "manyhands/prompts";
import { expect, it } from "vitest";
import { makeFolder } from "../../batch/folder.js";

const answer = (text: string): ModelAnswer => ({
  text,
  usage: { input: 1, output: 2 },
  finishReason: "stop",
  model: undefined,
  body: { text },
});

it("keeps answers for later runs, and for those that run at the same time", async () => {
  const path = join(makeFolder(), "cache.jsonl");
  await using first = await fileCache(path);
  await using second = await fileCache(path);
  expect(await first.get("a")).toBeUndefined();
  first.set("a", answer("1"));
  // At once, before anything is written.
  expect(await first.get("a")).toEqual(answer("1"));
  second.set("b", answer("ü"));
  await second.close();
  expect(await first.get("b")).toEqual(answer("ü"));
  for (let n = 0; n < 500; n += 1) first.set(`key ${n}`, answer("x".repeat(n)));
  await first.close();
  await using third = await fileCache(path);
  expect(await third.get("a")).toEqual(answer("1"));
  for (let n = 0; n < 500; n += 1) expect((await third.get(`key ${n}`))?.text.length).toBe(n);
  expect(await third.get("c")).toBeUndefined();
  expect(readFileSync(path, "utf8").split("\n").slice(0, -1)).toHaveLength(502);
});

it("passes over what a crash has torn, and begins on a line of its own", async () => {
  const path = join(makeFolder(), "cache.jsonl");
  const before = await fileCache(path);
  before.set("a", answer("1"));
  before.set("b", answer("2"));
  await before.close();
  truncateSync(path, readFileSync(path).length - 5);
  await using after = await fileCache(path);
  expect(await after.get("a")).toEqual(answer("1"));
  expect(await after.get("b")).toBeUndefined();
  after.set("c", answer("3"));
  after.set("b", answer("4"));
  await after.close();
  appendFileSync(path, "no line of ours\n");
  await using last = await fileCache(path);
  expect((await Promise.all(["a", "b", "c"].map((key) => last.get(key)))).map((found) => found?.text)).toEqual([
    "1",
    "4",
    "3",
  ]);
  // Emptied by somebody: nothing is found, and what comes is kept.
  writeFileSync(path, "");
  expect(await last.get("d")).toBeUndefined();
  expect(await last.get("a")).toBeUndefined();
});

it("refuses a path that cannot be written, at once", async () => {
  await expect(fileCache(join(makeFolder(), "no", "cache"))).rejects.toThrow("as its folder does not exist");
  await expect(fileCache("")).rejects.toThrow("Cannot set 'cache' as it must be a path");
});
