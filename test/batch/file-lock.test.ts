import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type FileLock, isHeld, type LockKind, lockFile } from "../../dist/batch/file-lock.js";
import { makeFolder } from "./folder.js";

// The files of sockets lie in the folder for such things.
beforeEach(() => {
  vi.stubEnv("TMPDIR", makeFolder());
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const kinds: LockKind[] =
  process.platform === "win32" ? ["name"] : ["folder", ...(process.platform === "linux" ? (["name"] as const) : [])];

async function take(path: string, kind: LockKind): Promise<FileLock> {
  const outcome = await lockFile(path, kind);
  if (!isHeld(outcome)) throw new Error(`Cannot take the lock as process ${outcome.pid} has it`);
  return outcome;
}

describe.each(kinds)("the lock of a file, known by %s", (kind) => {
  it("is had by one at a time, and says by whom", async () => {
    const path = `/test/${randomUUID()}`;
    const lock = await take(path, kind);
    expect(await lockFile(path, kind)).toEqual({ pid: process.pid });
    const other = await take(`${path}.other`, kind);
    other.release();
    lock.release();
    (await take(path, kind)).release();
  });

  it("is had by no two of many that want it at once", async () => {
    const path = `/test/${randomUUID()}`;
    for (let round = 0; round < 5; round += 1) {
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => lockFile(path, kind)));
      const held = outcomes.filter(isHeld);
      expect(held.length).toBeLessThanOrEqual(1);
      for (const lock of held) lock.release();
    }
  });

  it("does not outlive an owner that is killed", async () => {
    const path = `/test/${randomUUID()}`;
    const module = new URL("../../dist/batch/file-lock.js", import.meta.url).href;
    const source = `
      const outcome = await (await import(${JSON.stringify(module)})).lockFile(${JSON.stringify(path)}, "${kind}");
      console.log("release" in outcome ? "held" : "refused");
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    expect(line.toString()).toBe("held\n");
    expect(await lockFile(path, kind)).toEqual({ pid: child.pid });
    child.kill("SIGKILL");
    await once(child, "exit");
    (await take(path, kind)).release();
  });
});
