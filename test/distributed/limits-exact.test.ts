/** Shared limits are exact: three processes with eight loops each, judged by the clock of the server. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Connection, connect } from "../../dist/distributed/broker/connection.js";
import { resolveBroker } from "../../dist/config/broker.js";
import { freshPrefix, sharedRedis } from "#fixtures/redis.js";

// As the program has them.
const [WINDOW, CALLS, TOKENS, CONNECTIONS] = [3000, 120, 1240, 18];
const PROGRAM = new URL("limits-hammer.js", import.meta.url).pathname;
const prefix = freshPrefix();
const frozenPrefix = freshPrefix();
let connection: Connection;

beforeAll(() => {
  connection = connect(resolveBroker({ url: sharedRedis(), prefix }), "test");
});
afterAll(async () => {
  for (const name of [prefix, frozenPrefix]) {
    const keys = (await connection.call("KEYS", `{${name}}*`)) as string[];
    if (keys.length > 0) await connection.call("DEL", ...keys);
  }
  await connection.quit();
});

interface Entry {
  /** In ms, by the server. */
  readonly at: number;
  readonly what: "begin" | "end";
  readonly tokens: number;
}

async function start(name: string, ms: number, calls: number, window: number): Promise<ChildProcess> {
  const args = [sharedRedis(), name, ms, calls, window];
  const child = spawn(process.execPath, [PROGRAM, ...args.map(String)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await Promise.race([once(child.stdout!, "data"), once(child, "exit")]);
  return child;
}

async function logOf(child: ChildProcess): Promise<Entry[]> {
  const lines = (await connection.call("LRANGE", `{${child.spawnargs[3]}}:log:${child.pid}`, 0, -1)) as string[];
  return lines.map((line) => {
    const [seconds, micros, what, tokens] = line.split(" ") as [string, string, Entry["what"], string];
    return { at: Number(seconds.slice(-6)) * 1000 + Number(micros) / 1000, what, tokens: Number(tokens) };
  });
}

/** The most that any window saw. */
function mostInWindow(entries: readonly Entry[], amount: (entry: Entry) => number, window = WINDOW): number {
  let [most, sum, first] = [0, 0, 0];
  for (const entry of entries) {
    sum += amount(entry);
    while (entries[first]!.at <= entry.at - window) sum -= amount(entries[first++]!);
    most = Math.max(most, sum);
  }
  return most;
}

/** What was used of what could be: how long a window is, by how long it takes on average until its capacity was taken again. */
function usedOf(entries: readonly Entry[], capacity: number, amount: (entry: Entry) => number): number {
  const cycles: number[] = [];
  let [sum, last] = [0, 0];
  for (const first of entries) {
    while (sum < capacity && last < entries.length) sum += amount(entries[last++]!);
    if (sum < capacity || last === entries.length) break;
    cycles.push(entries[last]!.at - first.at);
    sum -= amount(first);
  }
  return WINDOW / (cycles.reduce((total, cycle) => total + cycle, 0) / cycles.length);
}

function mostAtOnce(entries: readonly Entry[]): number {
  let [most, count] = [0, 0];
  for (const { what } of entries) {
    count += what === "begin" ? 1 : -1;
    most = Math.max(most, count);
  }
  return most;
}

/** Lets three processes take what they can; returns what they did, in order. */
async function hammer(): Promise<Entry[]> {
  const children = await Promise.all([1, 2, 3].map(() => start(prefix, 4500, CALLS, WINDOW)));
  const ended = children.map((child) => once(child, "exit"));
  for (const child of children) child.stdin!.write("go\n");
  await Promise.all(ended);
  expect(children.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
  return (await Promise.all(children.map(logOf))).flat().toSorted((a, b) => a.at - b.at);
}

describe("a shared set", () => {
  it("is never exceeded by three processes, and used", { timeout: 60_000 }, async () => {
    const one = (): number => 1;
    const tokens = (entry: Entry): number => entry.tokens;
    let used = 0;
    // Where the machine is so busy that processes begin late, less is used, never more.
    for (let run = 0; run < 4 && used < 0.97; run += 1) {
      const entries = await hammer();
      const begun = entries.filter(({ what }) => what === "begin");
      expect(mostInWindow(begun, one)).toBeLessThanOrEqual(CALLS);
      expect(mostInWindow(begun, tokens)).toBeLessThanOrEqual(TOKENS);
      expect(mostAtOnce(entries)).toBeLessThanOrEqual(CONNECTIONS);
      used = usedOf(begun, CALLS, one);
    }
    expect(used).toBeGreaterThanOrEqual(0.97);
  });

  it("is not exceeded by a process that is frozen, for less and for more than its lease, and thaws", async () => {
    const [calls, window] = [60, 400];
    const children = await Promise.all([1, 2].map(() => start(frozenPrefix, 4200, calls, window)));
    const ended = children.map((child) => once(child, "exit"));
    for (const child of children) child.stdin!.write("go\n");
    for (const [runs, frozen] of [
      [600, 600],
      [500, 1500],
    ] as const) {
      await sleep(runs);
      children[0]!.kill("SIGSTOP");
      await sleep(frozen);
      children[0]!.kill("SIGCONT");
    }
    await Promise.all(ended);
    const entries = (await Promise.all(children.map(logOf))).flat().toSorted((a, b) => a.at - b.at);
    const begun = entries.filter(({ what }) => what === "begin");
    expect(mostInWindow(begun, () => 1, window)).toBeLessThanOrEqual(calls);
    const log = await logOf(children[0]!);
    // It went on after it thawed.
    expect(log.at(-1)!.at - log[0]!.at).toBeGreaterThan(3500);
  });
});
