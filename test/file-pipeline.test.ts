/** Runs the main job as a program and holds its totals and records to a count of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const PROGRAM = join(import.meta.dirname, "../build/examples/file-pipeline/main.js");
const TIMEOUT_MS = 60_000;
const MODES = ["thread", "process", "async", "sync"];

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface FileRecord {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly lines: number;
  readonly words: number;
  readonly identifiers: number;
}

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "manyhands-test-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts the program as a terminal would: as the head of a process group of its own. */
function start(...args: string[]): { child: ChildProcess; end: Promise<Outcome> } {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ["ignore", "pipe", "pipe"], detached: true });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  const end = new Promise<Outcome>((resolve) => child.once("close", (code) => resolve({ code, ...output })));
  return { child, end };
}

async function run(...args: string[]): Promise<Outcome> {
  return start(...args).end;
}

/** The number behind a label of the report. */
function total(stdout: string, label: string): number {
  const [, number] = new RegExp(`^  ${label} +([\\d,]+)$`, "m").exec(stdout) ?? [];
  return Number(number?.replaceAll(",", ""));
}

function recordsIn(path: string): FileRecord[] {
  const text = readFileSync(path, "utf8");
  expect(text === "" || text.endsWith("\n")).toBe(true);
  const lines = text.split("\n").slice(0, -1);
  const records = lines.map((line) => JSON.parse(line) as FileRecord);
  return records.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** What should be recorded, found character by character. */
function expectedRecord(path: string, content: string): FileRecord {
  const bytes = Buffer.from(content);
  const names = [];
  let name = "";
  for (const character of `${content} `) {
    if (/^[\p{ID_Continue}$]$/u.test(character)) name += character;
    else {
      if (name !== "" && /^(?:\p{ID_Start}|[$_])/u.test(name)) names.push(name);
      name = "";
    }
  }
  const lines = content.split("\n");
  return {
    path,
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    lines: lines.at(-1) === "" ? lines.length - 1 : lines.length,
    words: content.split(/\s+/).filter((word) => word !== "").length,
    identifiers: names.length,
  };
}

const TEXTS: Readonly<Record<string, string>> = {
  "empty.txt": "",
  "no-end.txt": "one line without an end",
  "ascii.ts": 'const answer_1 = 42;\n\nfunction $f(x0: number) {\n  return x0 + 0xff + "9lives";\n}\n',
  "unicode.md": "Größe  naïve 東京\t𝒳2 — “quoted” 3ème\u00a0x\u2028y\r\nÅ_b $ä\n",
  "deep/er/letters.txt": "abc ".repeat(50_000),
  "deep/mark.txt": "\ufeffwith a mark\n",
  "deep/name with spaces; and 'quotes'.txt": "x\n",
};

/** A folder with these texts and with everything that is not read. */
function makeFolder(name: string, oddities: boolean): { path: string; expected: FileRecord[] } {
  const path = join(folder, name);
  for (const [file, content] of Object.entries(TEXTS)) {
    mkdirSync(join(path, file, ".."), { recursive: true });
    writeFileSync(join(path, file), content);
  }
  const expected = Object.entries(TEXTS).map(([file, content]) => expectedRecord(join(path, file), content));
  if (oddities) {
    writeFileSync(join(path, "nul.bin"), "text and \0 a NUL");
    writeFileSync(join(path, "latin1.txt"), Buffer.from([0x47, 0x72, 0xf6, 0xdf, 0x65]));
    writeFileSync(join(path, "large.txt"), "x".repeat(1_000_001));
    symlinkSync("gone", join(path, "dangling"));
    symlinkSync("loop", join(path, "loop"));
    symlinkSync(".", join(path, "self"));
    symlinkSync("ascii.ts", join(path, "link.ts"));
    expected.push(expectedRecord(join(path, "link.ts"), TEXTS["ascii.ts"]!));
  }
  return { path, expected: expected.toSorted((a, b) => (a.path < b.path ? -1 : 1)) };
}

describe("file pipeline", () => {
  it.each(MODES)(
    "records every file exactly in mode %s",
    async (mode) => {
      const { path, expected } = makeFolder(`clean-${mode}`, false);
      const output = join(folder, `clean-${mode}.jsonl`);
      const { code, stdout, stderr } = await run(path, "--mode", mode, "--output", output);
      expect(stderr).toBe("");
      expect(code).toBe(0);
      expect(recordsIn(output)).toEqual(expected);
      for (const field of ["bytes", "lines", "words", "identifiers"] as const) {
        expect(total(stdout, field)).toBe(expected.reduce((sum, record) => sum + record[field], 0));
      }
      expect(total(stdout, "files")).toBe(expected.length);
      expect(stdout).toMatch(new RegExp(`Analyser +${mode}`));
      expect(stdout).toContain("abc 50,000");
    },
    TIMEOUT_MS,
  );

  it.each(MODES)(
    "counts what it skips and what fails in mode %s",
    async (mode) => {
      const { path, expected } = makeFolder(`odd-${mode}`, true);
      // The output is among what is read.
      const output = join(path, "output.jsonl");
      const { code, stdout } = await run(path, "--mode", mode, "--output", output, "--max-size", "1", "--no-compare");
      expect(code).toBe(1);
      expect(recordsIn(output)).toEqual(expected);
      expect(total(stdout, "files")).toBe(expected.length);
      expect(total(stdout, "skipped")).toBe(5);
      for (const reason of ["2 binary", "1 larger than 1 MB", "1 link to a folder", "1 the output itself"]) {
        expect(stdout).toContain(`\n    ${reason}\n`);
      }
      expect(total(stdout, "failed")).toBe(2);
      expect(stdout).toMatch(/1 no such file or directory \(ENOENT\)\n.*dangling\n/);
      expect(stdout).toMatch(/\(ELOOP\)\n.*loop\n/);
      expect(stdout).not.toContain("speed-up");
    },
    TIMEOUT_MS,
  );

  it.each([
    [["/no/such/folder"], "Cannot read /no/such/folder: no such file or directory"],
    [[PROGRAM], "is not a folder"],
    [["one", "two"], "Cannot read 2 folders at once"],
    [["--mode", "warp"], "Cannot use mode 'warp': choose one of sync, async, thread, process"],
    [["--workers", "none"], "Cannot set --workers to 'none'"],
    [["--mode", "sync", "--workers", "2"], "Cannot use 2 workers in mode 'sync'"],
    [["--fast"], "Unknown option '--fast': see --help"],
    [["--output", "/no/such/folder/file"], "name another file with --output"],
  ])("refuses %j with one line", async (args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  it("explains itself", async () => {
    const { code, stdout } = await run("--help");
    expect(code).toBe(0);
    for (const option of ["--mode", "--workers", "--output", "--max-size", "--no-compare"]) {
      expect(stdout).toContain(option);
    }
  });

  it.skipIf(process.platform !== "linux")("ends when the output cannot be written", async () => {
    const { path } = makeFolder("full", false);
    const { code, stderr } = await run(path, "--output", "/dev/full");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Cannot write to \/dev\/full: ENOSPC[^\n]*\n$/);
  });

  describe("when interrupted", () => {
    const FILES = 300;
    let path: string;

    beforeAll(() => {
      path = join(folder, "many");
      mkdirSync(path);
      // Half a minute of work in one MB on the disk.
      writeFileSync(join(path, "0.txt"), "some_name ".repeat(100_000));
      for (let index = 1; index < FILES; index += 1) linkSync(join(path, "0.txt"), join(path, `${index}.txt`));
    });

    /** Resolves when the file has content. */
    async function firstLine(file: string): Promise<void> {
      await new Promise<void>((resolve) => {
        const watcher = watch(file, () => {
          if (statSync(file).size === 0) return;
          watcher.close();
          resolve();
        });
      });
    }

    it.each(["thread", "process"])(
      "stops with whole lines in mode %s, and leaves no process behind",
      async (mode) => {
        const output = join(folder, `interrupted-${mode}.jsonl`);
        writeFileSync(output, "");
        const begun = firstLine(output);
        const { child, end } = start(path, "--mode", mode, "--output", output);
        await begun;
        process.kill(-child.pid!, "SIGINT");
        const { code, stdout, stderr } = await end;
        expect(() => process.kill(-child.pid!, 0)).toThrow("ESRCH");
        expect(code).toBe(130);
        expect(stderr).toContain("Stopping");
        const records = recordsIn(output);
        expect(records.length).toBeGreaterThan(0);
        expect(records.length).toBeLessThan(FILES);
        expect(stdout).toContain(`Interrupted after ${records.length} of ${FILES} files`);
        expect(total(stdout, "files")).toBe(records.length);
        expect(new Set(records.map((record) => record.sha256)).size).toBe(1);
      },
      TIMEOUT_MS,
    );

    it(
      "ends at once at the second signal",
      async () => {
        const output = join(folder, "twice.jsonl");
        writeFileSync(output, "");
        const begun = firstLine(output);
        const { child, end } = start(path, "--mode", "async", "--output", output);
        await begun;
        child.kill("SIGINT");
        child.stderr!.once("data", () => child.kill("SIGINT"));
        const { code, stderr } = await end;
        expect(code).toBe(130);
        expect(stderr).toContain("Stopping");
      },
      TIMEOUT_MS,
    );
  });
});
